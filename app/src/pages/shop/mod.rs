//! The pages of the shop.

mod cart;
mod catalogue;
mod checkout;
mod order;
mod product;

pub use cart::Cart;
pub use catalogue::Catalogue;
pub use checkout::Checkout;
pub use order::Order;
pub use product::Product;

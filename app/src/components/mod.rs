//! The pieces that pages share. Like the pages, they exist on the server only.

mod form;
mod goods;
mod providers;
mod site;
mod time;

pub use form::{Control, Field, FormAlert};
pub use goods::{OrderLines, Picture, Quantity, Stock};
pub use providers::{ProviderIcon, Providers};
pub use site::{Mark, NoticeBar, PasskeyUpkeep, SiteFooter, SiteHeader};
pub use time::When;

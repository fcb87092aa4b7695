//! The form posts of the shop.

use app::api::{Code, Delivery, FormOutcome, Path, ShopService};
use serde::Deserialize;

use super::{
    error::Answer,
    form::{Post, entered, to, whole_form},
    render::show_again,
};
use crate::{
    session::SignedIn,
    shop::{self, Change, delivery_problems},
    store::{Placement, Shortage},
};

#[derive(Deserialize)]
pub(super) struct CartChange {
    slug: String,
    quantity: String,
    #[serde(default)]
    action: Action,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Add,
    #[default]
    Set,
}

pub(super) async fn change_cart(post: Post<CartChange>) -> Answer {
    let Post { ctx, uri, fields: CartChange { slug, quantity, action }, .. } = post;
    // What is no number is refused like a number that is out of bounds.
    let wanted = quantity.trim().parse().unwrap_or(-1);
    let change = match action {
        Action::Add => Change::Add(wanted),
        Action::Set => Change::Set(wanted),
    };
    let before = ctx.cart().await?;
    let before = before.lines.iter().find(|line| line.product.slug == slug);
    let before = before.map_or(0, |line| line.quantity);
    let asked = if action == Action::Add { before.saturating_add(wanted) } else { wanted };
    let (values, sentence) = match shop::change_cart(&ctx, &slug, change).await {
        Ok(kept) if kept >= asked => return Ok(to(&Path::Cart)),
        Ok(0) => (vec![], "This is sold out, so it is not in your cart.".to_owned()),
        Ok(1) => (vec![], "There is only 1 left. It is in your cart.".to_owned()),
        Ok(kept) => (vec![], format!("There are only {kept} left. They are in your cart.")),
        Err(error) if error.code == Code::QuantityInvalid => {
            (vec![(slug.clone(), quantity)], error.message)
        }
        Err(error) => return Err(error.into()),
    };
    let outcome = FormOutcome { values, errors: vec![(slug, sentence)] };
    Ok(show_again(ctx, &uri, Code::QuantityInvalid, outcome).await)
}

#[derive(Deserialize)]
pub(super) struct OrderForm {
    placement: String,
    name: String,
    address: String,
}

pub(super) async fn place_order(owner: SignedIn, post: Post<OrderForm>) -> Answer {
    let Post { ctx, uri, fields: OrderForm { placement, name, address }, .. } = post;
    let delivery = Delivery { name: name.clone(), address: address.clone() };
    let (code, errors) = match shop::place_order(&ctx, &owner, &placement, &delivery).await {
        Ok(Placement::Placed(number) | Placement::Already(number)) => {
            return Ok(to(&Path::order(&number)));
        }
        Ok(Placement::Empty) => (Code::CartEmpty, vec![whole_form(Code::CartEmpty.into())]),
        Ok(Placement::Short(shortages)) => (Code::OutOfStock, shortage_errors(shortages)),
        Err(error) if error.code == Code::DeliveryInvalid => {
            (Code::DeliveryInvalid, delivery_errors(&delivery))
        }
        Err(error) => return Err(error.into()),
    };
    let values =
        vec![entered("placement", placement), entered("name", name), entered("address", address)];
    Ok(show_again(ctx, &uri, code, FormOutcome { values, errors }).await)
}

fn delivery_errors(delivery: &Delivery) -> Vec<(String, String)> {
    let problems = delivery_problems(delivery).into_iter();
    problems.map(|(field, sentence)| entered(field, sentence)).collect()
}

fn shortage_errors(shortages: Vec<Shortage>) -> Vec<(String, String)> {
    let line = |shortage: Shortage| {
        let sentence = match shortage.left {
            0 => "This has just sold out.".to_owned(),
            1 => "There is only 1 left.".to_owned(),
            left => format!("There are only {left} left."),
        };
        (shortage.slug, sentence)
    };
    let mut errors = vec![whole_form(Code::OutOfStock.into())];
    errors.extend(shortages.into_iter().map(line));
    errors
}

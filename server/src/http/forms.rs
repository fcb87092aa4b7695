//! The form posts: everything that works without JavaScript. Each does its work
//! and sends the visitor on, or shows its page again with what was wrong.

use app::api::{Code, Delivery, FormOutcome, PublicError, SignedIn, same_origin_path, with_next};
use axum::{
    Form,
    extract::{FromRequest, FromRequestParts, Request},
    http::Uri,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{Refused, pages::show_again, status};
use crate::{
    Call, Server,
    accounts::{DisplayName, Username, passwords},
    shop::{Change, delivery_problems},
    store::{Placement, Shortage},
};

/// A form post: who, where, and the fields.
pub(super) struct Post<T> {
    pub(super) call: Call,
    pub(super) uri: Uri,
    pub(super) fields: T,
}

impl<T: DeserializeOwned> FromRequest<Server> for Post<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Refused> {
        let (mut parts, body) = request.into_parts();
        let call = Call::from_request_parts(&mut parts, server).await?;
        let uri = parts.uri.clone();
        let request = Request::from_parts(parts, body);
        let Form(fields) = Form::from_request(request, server)
            .await
            .map_err(|_| PublicError::from(Code::Malformed))?;
        Ok(Self { call, uri, fields })
    }
}

/// A page, or why not.
pub(super) type Answer = Result<Response, Refused>;

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
    let Post { call, uri, fields: CartChange { slug, quantity, action } } = post;
    // What is no number is refused like a number that is out of bounds.
    let wanted = quantity.trim().parse().unwrap_or(-1);
    let change = match action {
        Action::Add => Change::Add(wanted),
        Action::Set => Change::Set(wanted),
    };
    let before = call.cart().await?;
    let before = before.lines.iter().find(|line| line.product.slug == slug);
    let before = before.map_or(0, |line| line.quantity);
    let asked = if action == Action::Add { before.saturating_add(wanted) } else { wanted };
    let (values, sentence) = match call.change_cart(&slug, change).await {
        Ok(kept) if kept >= asked => return Ok(Redirect::to("/cart").into_response()),
        Ok(0) => (vec![], "This is sold out, so it is not in your cart.".to_owned()),
        Ok(1) => (vec![], "There is only 1 left. It is in your cart.".to_owned()),
        Ok(kept) => (vec![], format!("There are only {kept} left. They are in your cart.")),
        Err(error) if error.code == Code::QuantityInvalid => {
            (vec![(slug.clone(), quantity)], error.message)
        }
        Err(error) => return Err(error.into()),
    };
    let outcome = FormOutcome { values, errors: vec![(slug, sentence)] };
    Ok(show_again(call, &uri, status(Code::QuantityInvalid), outcome).await)
}

#[derive(Deserialize)]
pub(super) struct OrderForm {
    placement: String,
    name: String,
    address: String,
}

pub(super) async fn place_order(post: Post<OrderForm>) -> Answer {
    let Post { call, uri, fields: OrderForm { placement, name, address } } = post;
    let delivery = Delivery { name: name.clone(), address: address.clone() };
    let (code, errors) = match call.place_order(&placement, &delivery).await {
        Ok(Placement::Placed(number) | Placement::Already(number)) => {
            return Ok(Redirect::to(&format!("/orders/{number}")).into_response());
        }
        Ok(Placement::Empty) => (Code::CartEmpty, vec![whole_form(Code::CartEmpty.into())]),
        Ok(Placement::Short(shortages)) => (Code::OutOfStock, shortage_errors(shortages)),
        Err(error) if error.code == Code::DeliveryInvalid => {
            (Code::DeliveryInvalid, delivery_errors(&delivery))
        }
        Err(error) if error.code == Code::SignInRequired => {
            return Ok(Redirect::to("/sign-in?next=/checkout").into_response());
        }
        Err(error) => return Err(error.into()),
    };
    let values =
        vec![entered("placement", placement), entered("name", name), entered("address", address)];
    Ok(show_again(call, &uri, status(code), FormOutcome { values, errors }).await)
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

#[derive(Deserialize)]
pub(super) struct SignInForm {
    username: String,
    password: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn sign_in(post: Post<SignInForm>) -> Answer {
    let Post { call, uri, fields: SignInForm { username, password, next } } = post;
    match call.sign_in_with_password(&username, &password).await {
        Ok(SignedIn::Done(_)) => Ok(Redirect::to(same_origin_path(&next)).into_response()),
        Ok(SignedIn::PasskeyToo) => {
            let page = with_next("/second-factor", same_origin_path(&next));
            Ok(Redirect::to(&page).into_response())
        }
        Err(error) => {
            let values = vec![entered("username", username), entered("next", next)];
            let code = status(error.code);
            let outcome = FormOutcome { values, errors: vec![whole_form(error)] };
            Ok(show_again(call, &uri, code, outcome).await)
        }
    }
}

#[derive(Deserialize)]
pub(super) struct CodeForm {
    #[serde(default)]
    username: String,
    code: String,
    #[serde(default)]
    next: String,
}

/// A recovery code, instead of the passkey that the password is to be followed by.
pub(super) async fn second_factor(post: Post<CodeForm>) -> Answer {
    let Post { call, uri, fields } = post;
    let signed_in = call.second_factor_with_recovery_code(&fields.code).await;
    after_code(signed_in, call, &uri, fields).await
}

/// A recovery code, instead of everything else.
pub(super) async fn recover(post: Post<CodeForm>) -> Answer {
    let Post { call, uri, fields } = post;
    let signed_in = call.sign_in_with_recovery_code(&fields.username, &fields.code).await;
    after_code(signed_in, call, &uri, fields).await
}

/// Whoever needed a recovery code needs a new passkey next.
async fn after_code(
    signed_in: app::api::Result<()>,
    call: Call,
    uri: &Uri,
    fields: CodeForm,
) -> Answer {
    let CodeForm { username, next, .. } = fields;
    match signed_in {
        Ok(()) => {
            call.visit.tell("You are signed in. That recovery code is used up now.").await?;
            let page = with_next("/account/passkeys/new", same_origin_path(&next));
            Ok(Redirect::to(&page).into_response())
        }
        Err(error) if error.code == Code::SignInRequired => {
            Ok(Redirect::to(&with_next("/sign-in", same_origin_path(&next))).into_response())
        }
        Err(error) => {
            let code = status(error.code);
            let values = vec![entered("username", username), entered("next", next)];
            let outcome = FormOutcome { values, errors: vec![beside_field(error)] };
            Ok(show_again(call, uri, code, outcome).await)
        }
    }
}

#[derive(Deserialize)]
pub(super) struct SignUpForm {
    username: String,
    display_name: String,
    #[serde(default)]
    password: String,
    /// Which button was pressed.
    #[serde(default)]
    way: Way,
    #[serde(default)]
    next: String,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    #[default]
    Passkey,
    Password,
}

pub(super) async fn sign_up(post: Post<SignUpForm>) -> Answer {
    let Post { call, uri, mut fields } = post;
    // Enter in any field presses the first button; a password says what was meant.
    if !fields.password.is_empty() {
        fields.way = Way::Password;
    }
    let mut errors = sign_up_errors(&fields);
    let mut code = Code::UsernameInvalid;
    if errors.is_empty() && call.username_taken(&fields.username).await? {
        code = Code::UsernameTaken;
        errors.push(beside_field(code.into()));
    }
    if errors.is_empty() && fields.way == Way::Passkey {
        // The page's script makes passkeys; this post came without it, or because
        // a name was refused that is free by now.
        errors.push(whole_form_says(
            "Creating a passkey needs JavaScript. If the page was still loading, please press the \
             button again; otherwise use a password.",
        ));
    }
    if errors.is_empty() {
        let SignUpForm { username, display_name, password, .. } = &fields;
        match call.sign_up_with_password(username, display_name, password).await {
            Ok(_) => return Ok(Redirect::to(same_origin_path(&fields.next)).into_response()),
            Err(error) => {
                code = error.code;
                errors.push(beside_field(error));
            }
        }
    }
    let values = vec![
        entered("username", fields.username),
        entered("display_name", fields.display_name),
        entered("way", if fields.way == Way::Password { "password" } else { "passkey" }),
        entered("next", fields.next),
    ];
    Ok(show_again(call, &uri, status(code), FormOutcome { values, errors }).await)
}

/// All that is wrong with the entries, so that nobody has to find out one by one.
fn sign_up_errors(fields: &SignUpForm) -> Vec<(String, String)> {
    let names =
        [Username::parse(&fields.username).err(), DisplayName::parse(&fields.display_name).err()];
    // Whether it is easily guessed takes longer to say: that waits for its turn.
    let password = passwords::check_length(&fields.password).err();
    let password = password.filter(|_| fields.way == Way::Password);
    names.into_iter().chain([password]).flatten().map(|code| beside_field(code.into())).collect()
}

pub(super) async fn sign_out(call: Call) -> Answer {
    call.visit.sign_out().await?;
    Ok(Redirect::to("/").into_response())
}

pub(super) fn entered(field: &str, value: impl Into<String>) -> (String, String) {
    (field.to_owned(), value.into())
}

pub(super) fn beside_field(error: PublicError) -> (String, String) {
    let field = match error.code {
        Code::UsernameInvalid | Code::UsernameTaken => "username",
        Code::DisplayNameInvalid => "display_name",
        Code::PasswordTooShort | Code::PasswordTooLong | Code::PasswordCommon => "password",
        Code::RecoveryCodeWrong => "code",
        _ => "",
    };
    entered(field, error.message)
}

pub(super) fn whole_form(error: PublicError) -> (String, String) {
    whole_form_says(&error.message)
}

fn whole_form_says(sentence: &str) -> (String, String) {
    entered("", sentence)
}

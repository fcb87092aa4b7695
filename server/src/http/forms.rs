//! The form posts: everything that works without JavaScript. Each does its work
//! and sends the visitor on, or shows its page again with what was wrong.

use app::api::{
    AccountName, Code, Delivery, FormOutcome, PublicError, SignedIn, Went, same_origin_path,
    with_next,
};
use axum::{
    Form, Json,
    body::Body,
    extract::{FromRequest, FromRequestParts, Multipart, Request},
    http::{HeaderMap, HeaderValue, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use url::form_urlencoded::Serializer;

use super::{Refused, login_status::sign_in_by_hand, pages::show_again, status};
use crate::{
    ByHand, Call, Server,
    accounts::{DisplayName, Username, passwords},
    shop::{Change, delivery_problems},
    store::{Placement, Shortage},
};

/// A form post: who, where, and the fields.
pub(super) struct Post<T> {
    pub(super) call: Call,
    pub(super) uri: Uri,
    pub(super) sender: Sender,
    pub(super) fields: T,
}

/// What posted a form, and wants the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// The browser, which shows the page that it is given.
    Browser,
    /// The page's script: the answer is [`Went`] or a [`PublicError`], as JSON.
    Script,
}

/// With this header our own script posts a form, as `multipart/form-data`. It is also the
/// proof that the request comes from this store: another site's page can make a browser post
/// a form, but not with a header of its own (CORS would ask this server first).
const SCRIPT: &str = "latchkey-script";

impl<T: DeserializeOwned> FromRequest<Server> for Post<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Refused> {
        let (mut parts, body) = request.into_parts();
        let call = Call::from_request_parts(&mut parts, server).await?;
        let uri = parts.uri.clone();
        let script = parts.headers.contains_key(SCRIPT);
        let sender = if script { Sender::Script } else { Sender::Browser };
        let multipart = is_multipart(&parts.headers);
        let mut request = Request::from_parts(parts, body);
        if multipart {
            if sender != Sender::Script {
                return Err(PublicError::from(Code::CrossSite).into());
            }
            request = url_encoded(request, server).await?;
        }
        let Form(fields) = Form::from_request(request, server)
            .await
            .map_err(|_| PublicError::from(Code::Malformed))?;
        Ok(Self { call, uri, sender, fields })
    }
}

fn is_multipart(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("multipart/form-data"))
}

/// The same form, in the encoding that all forms of this store are read from.
async fn url_encoded(request: Request, server: &Server) -> Result<Request, Refused> {
    let malformed = || PublicError::from(Code::Malformed);
    let mut parts = Multipart::from_request(request, server).await.map_err(|_| malformed())?;
    let mut fields = vec![];
    while let Some(part) = parts.next_field().await.map_err(|_| malformed())? {
        let name = part.name().unwrap_or_default().to_owned();
        fields.push((name, part.text().await.map_err(|_| malformed())?));
    }
    let form = Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut request = Request::post("/").body(Body::from(form)).map_err(|_| malformed())?;
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(request)
}

/// The answer to [`Sender::Script`].
pub(super) fn went(to: &str, name: Option<AccountName>) -> Response {
    Json(Went { to: to.to_owned(), name }).into_response()
}

/// On from a sign-in: to where the visitor was going, unless something is to be done first.
pub(super) fn signed_in(sender: Sender, signed_in: SignedIn, next: &str) -> Response {
    let next = same_origin_path(next);
    let (to, name) = match signed_in {
        SignedIn::Done(name) => (next.to_owned(), Some(name)),
        SignedIn::PasskeyToo => (with_next("/second-factor", next), None),
        SignedIn::NameNeeded => (with_next("/sign-up/provider", next), None),
    };
    match sender {
        Sender::Script => went(&to, name),
        Sender::Browser => Redirect::to(&to).into_response(),
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
    let Post { call, uri, fields: CartChange { slug, quantity, action }, .. } = post;
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
    let Post { call, uri, fields: OrderForm { placement, name, address }, .. } = post;
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
    /// Set where nobody pressed anything: the browser brought a saved password.
    #[serde(default)]
    automatic: String,
}

pub(super) async fn sign_in(post: Post<SignInForm>) -> Answer {
    let Post { call, uri, sender, fields: SignInForm { username, password, next, automatic } } =
        post;
    if !automatic.is_empty() {
        return Ok(match call.sign_in_by_itself(&username, &password).await {
            Ok(done) => signed_in(sender, done, &next),
            // What was refused once is not tried on every page.
            Err(error) if matches!(error.code, Code::NotAutomatic | Code::WrongPassword) => {
                sign_in_by_hand(&call, ByHand::FromNowOn, Refused(error).into_response()).await
            }
            Err(error) => Refused(error).into_response(),
        });
    }
    match call.sign_in_with_password(&username, &password).await {
        Ok(done) => Ok(signed_in(sender, done, &next)),
        Err(error) if sender == Sender::Script => Err(error.into()),
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
    let Post { call, uri, fields, .. } = post;
    let signed_in = call.second_factor_with_recovery_code(&fields.code).await;
    after_code(signed_in, call, &uri, fields).await
}

/// A recovery code, instead of everything else.
pub(super) async fn recover(post: Post<CodeForm>) -> Answer {
    let Post { call, uri, fields, .. } = post;
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
    let Post { call, uri, sender, mut fields } = post;
    // Enter in any field presses the first button; a password says what was meant.
    if !fields.password.is_empty() {
        fields.way = Way::Password;
    }
    let mut wrong = sign_up_errors(&fields);
    if wrong.is_empty() && call.username_taken(&fields.username).await? {
        wrong.push(Code::UsernameTaken);
    }
    let mut code = wrong.first().copied().unwrap_or(Code::UsernameInvalid);
    let mut errors: Vec<_> = wrong.into_iter().map(|code| beside_field(code.into())).collect();
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
            Ok(done) => return Ok(signed_in(sender, done, &fields.next)),
            Err(error) => {
                code = error.code;
                errors.push(beside_field(error));
            }
        }
    }
    if sender == Sender::Script {
        return Err(PublicError::from(code).into());
    }
    let values = vec![
        entered("username", fields.username),
        entered("display_name", fields.display_name),
        entered("way", if fields.way == Way::Password { "password" } else { "passkey" }),
        entered("next", fields.next),
    ];
    Ok(show_again(call, &uri, status(code), FormOutcome { values, errors }).await)
}

#[derive(Deserialize)]
pub(super) struct NamesForm {
    username: String,
    display_name: String,
    #[serde(default)]
    next: String,
}

/// The rest of an account that begins with a provider.
pub(super) async fn sign_up_with_provider(post: Post<NamesForm>) -> Answer {
    let Post { call, uri, sender, fields: NamesForm { username, display_name, next } } = post;
    let wrong = names_errors(&username, &display_name);
    let mut code = Code::UsernameInvalid;
    let mut errors: Vec<_> = wrong.into_iter().map(|code| beside_field(code.into())).collect();
    if errors.is_empty() {
        match call.sign_up_with_provider(&username, &display_name).await {
            Ok(done) => return Ok(signed_in(sender, done, &next)),
            Err(error) if error.code == Code::SignInRequired => {
                return Ok(
                    Redirect::to(&with_next("/sign-up", same_origin_path(&next))).into_response()
                );
            }
            Err(error) => {
                code = error.code;
                errors.push(beside_field(error));
            }
        }
    }
    let values = vec![
        entered("username", username),
        entered("display_name", display_name),
        entered("next", next),
    ];
    Ok(show_again(call, &uri, status(code), FormOutcome { values, errors }).await)
}

fn names_errors(username: &str, display_name: &str) -> Vec<Code> {
    let names = [Username::parse(username).err(), DisplayName::parse(display_name).err()];
    names.into_iter().flatten().collect()
}

/// All that is wrong with the entries, so that nobody has to find out one by one.
fn sign_up_errors(fields: &SignUpForm) -> Vec<Code> {
    let mut errors = names_errors(&fields.username, &fields.display_name);
    // Whether it is easily guessed takes longer to say: that waits for its turn.
    let password = passwords::check_length(&fields.password).err();
    let password = password.filter(|_| fields.way == Way::Password);
    errors.extend(password);
    errors
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

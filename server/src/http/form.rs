//! Form posts: everything that works without JavaScript. A handler does its work and sends the
//! visitor on, or shows its page again with what was wrong.

use app::api::{AccountName, Code, FormOutcome, Next, Path, PublicError, SignInOutcome, Went};
use axum::{
    Form, Json,
    body::Body,
    extract::{FromRequest, FromRequestParts, Multipart, Request},
    http::{HeaderMap, HeaderValue, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use url::form_urlencoded::Serializer;

use super::{
    error::{Answer, AnswerHead, Refused},
    render::show_again,
};
use crate::{request::RequestContext, state::State};

/// A form post: who, where, and the fields.
pub(super) struct Post<T> {
    pub(super) ctx: RequestContext,
    pub(super) uri: Uri,
    pub(super) sender: Sender,
    pub(super) fields: T,
}

/// Where to go on to; for what asks for nothing else.
#[derive(Deserialize)]
pub(super) struct Onward {
    #[serde(default)]
    pub(super) next: Next,
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
/// proof that the request comes from this shop: another site's page can make a browser post
/// a form, but not with a header of its own (CORS would ask this server first).
const SCRIPT: &str = "latchkey-script";

impl<T: DeserializeOwned> FromRequest<State> for Post<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &State) -> Result<Self, Refused> {
        let (mut parts, body) = request.into_parts();
        let ctx = RequestContext::from_request_parts(&mut parts, state).await?;
        let uri = parts.uri.clone();
        let script = parts.headers.contains_key(SCRIPT);
        let sender = if script { Sender::Script } else { Sender::Browser };
        let multipart = is_multipart(&parts.headers);
        let mut request = Request::from_parts(parts, body);
        if multipart {
            if sender != Sender::Script {
                return Err(Code::CrossSite.into());
            }
            request = url_encoded(request, state).await?;
        }
        let Form(fields) = Form::from_request(request, state).await.map_err(|_| Code::Malformed)?;
        Ok(Self { ctx, uri, sender, fields })
    }
}

fn is_multipart(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("multipart/form-data"))
}

/// A form in the encoding that all forms of this shop are read from.
async fn url_encoded(request: Request, state: &State) -> Result<Request, Refused> {
    let mut parts = Multipart::from_request(request, state).await.map_err(|_| Code::Malformed)?;
    let mut fields = vec![];
    while let Some(part) = parts.next_field().await.map_err(|_| Code::Malformed)? {
        let name = part.name().unwrap_or_default().to_owned();
        fields.push((name, part.text().await.map_err(|_| Code::Malformed)?));
    }
    let form = Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut request = Request::post("/").body(Body::from(form)).map_err(|_| Code::Malformed)?;
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(request)
}

/// On, for whoever posted.
pub(super) fn went(sender: Sender, to: String, name: Option<AccountName>) -> Response {
    match sender {
        Sender::Script => Json(Went { to, name }).into_response(),
        Sender::Browser => Redirect::to(&to).into_response(),
    }
}

/// On to an address of ours.
pub(super) fn to(path: &Path) -> Response {
    Redirect::to(&path.to_string()).into_response()
}

/// On from a sign-in: to where the visitor was going, unless something is to be done first.
pub(super) fn signed_in(sender: Sender, outcome: SignInOutcome, next: &Next) -> Response {
    let (to, name) = match outcome {
        SignInOutcome::Done(name) => (next.to_string(), Some(name)),
        SignInOutcome::PasskeyToo => (Path::SecondFactor.with_next(next), None),
        SignInOutcome::NameNeeded => (Path::SignUpWithProvider.with_next(next), None),
    };
    went(sender, to, name)
}

/// The page of the form again. What is missing before it, or has nothing to do with what
/// was entered, is not for the form to show.
pub(super) async fn refused(
    error: PublicError,
    ctx: RequestContext,
    page: &Uri,
    values: Vec<(String, String)>,
    beside: impl FnOnce(PublicError) -> (String, String),
) -> Answer {
    if matches!(error.code, Code::ProofRequired | Code::SignInRequired | Code::NotFound) {
        return Err(error.into());
    }
    let head = AnswerHead::from(&error);
    let outcome = FormOutcome { values, errors: vec![beside(error)] };
    Ok(show_again(ctx, page, head, outcome).await)
}

pub(super) fn entered(field: &str, value: impl Into<String>) -> (String, String) {
    (field.to_owned(), value.into())
}

pub(super) fn beside_field(error: PublicError) -> (String, String) {
    let field = match error.code {
        Code::UsernameInvalid | Code::UsernameTaken => "username",
        Code::DisplayNameInvalid => "display_name",
        Code::PasswordTooShort
        | Code::PasswordTooLong
        | Code::PasswordUntypable
        | Code::PasswordCommon
        | Code::PasswordNamed
        | Code::PasswordGuessable => "password",
        Code::RecoveryCodeWrong => "code",
        _ => "",
    };
    entered(field, error.message)
}

pub(super) fn whole_form(error: PublicError) -> (String, String) {
    entered("", error.message)
}

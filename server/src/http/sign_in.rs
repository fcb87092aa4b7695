//! The form posts for signing in, up and out.

use app::api::{AccountName, Code, FormOutcome, Next, Path, PublicError};
use axum::{
    http::Uri,
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;

use super::{
    error::{Answer, AnswerHead, Refused},
    form::{Post, Sender, beside_field, entered, refused, signed_in, to, whole_form},
    middleware::login_status::sign_in_by_hand,
    render::show_again,
};
use crate::{
    credentials::{DisplayName, Username, passwords},
    request::{RequestContext, SilentAccess},
    sign_in::{automatic, password, reauthentication, recovery_code, second_factor, sign_up},
};

#[derive(Deserialize)]
pub(super) struct SignInForm {
    username: String,
    password: String,
    #[serde(default)]
    next: Next,
    /// Set where nobody pressed anything: the browser brought a saved password.
    #[serde(default)]
    automatic: String,
}

pub(super) async fn sign_in(post: Post<SignInForm>) -> Answer {
    let Post { ctx, uri, sender, fields: SignInForm { username, password, next, automatic } } =
        post;
    if !automatic.is_empty() {
        return Ok(match automatic::sign_in(&ctx, &username, &password).await {
            Ok(done) => signed_in(sender, done, &next),
            // What was refused once is not tried on every page.
            Err(error) if matches!(error.code, Code::NotAutomatic | Code::WrongPassword) => {
                let refused = Refused(error).into_response();
                sign_in_by_hand(&ctx, SilentAccess::Prevented, refused)
            }
            Err(error) => Refused(error).into_response(),
        });
    }
    match password::sign_in(&ctx, &username, &password).await {
        Ok(done) => Ok(signed_in(sender, done, &next)),
        Err(error) if sender == Sender::Script => Err(error.into()),
        Err(error) => {
            let values = vec![entered("username", username), entered("next", next)];
            let head = AnswerHead::from(&error);
            let outcome = FormOutcome { values, errors: vec![whole_form(error)] };
            Ok(show_again(ctx, &uri, head, outcome).await)
        }
    }
}

#[derive(Deserialize)]
pub(super) struct CodeForm {
    #[serde(default)]
    username: String,
    /// With `/recover`, where the account asks for two factors.
    #[serde(default)]
    password: String,
    code: String,
    #[serde(default)]
    next: Next,
}

/// A recovery code, instead of the passkey that the password is to be followed by.
pub(super) async fn second_factor(post: Post<CodeForm>) -> Answer {
    let Post { ctx, uri, fields, .. } = post;
    let done = second_factor::with_recovery_code(&ctx, &fields.code).await;
    after_code(done, ctx, &uri, fields).await
}

/// A recovery code, instead of everything else; or instead of the passkey alone.
pub(super) async fn recover(post: Post<CodeForm>) -> Answer {
    let Post { ctx, uri, fields, .. } = post;
    let CodeForm { username, password, code, .. } = &fields;
    let done = recovery_code::sign_in(&ctx, username, password, code).await;
    let done = done.map_err(|error| match error.code {
        Code::RecoveryCodeWrong => {
            PublicError { message: format!("{} {PASSWORD_TOO}", error.message), ..error }
        }
        _ => error,
    });
    after_code(done, ctx, &uri, fields).await
}

/// Said to everybody, so it tells nothing of the account.
const PASSWORD_TOO: &str = "An account that asks for a passkey after the password wants its \
    password here as well.";

/// Whoever needed a recovery code needs a new passkey next.
async fn after_code(
    done: app::api::Result<()>,
    ctx: RequestContext,
    uri: &Uri,
    fields: CodeForm,
) -> Answer {
    let CodeForm { username, next, .. } = fields;
    match done {
        Ok(()) => Ok(Redirect::to(&Path::NewPasskey.with_next(&next)).into_response()),
        Err(error) if error.code == Code::SignInRequired => {
            Ok(Redirect::to(&Path::SignIn.with_next(&next)).into_response())
        }
        Err(error) => {
            let head = AnswerHead::from(&error);
            let values = vec![entered("username", username), entered("next", next)];
            let outcome = FormOutcome { values, errors: vec![beside_field(error)] };
            Ok(show_again(ctx, uri, head, outcome).await)
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
    next: Next,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    #[default]
    Passkey,
    Password,
}

const NEEDS_SCRIPT: &str = "Creating a passkey needs JavaScript. If the page was still loading, \
    please press the button again; otherwise use a password.";

pub(super) async fn sign_up(post: Post<SignUpForm>) -> Answer {
    let Post { ctx, uri, sender, mut fields } = post;
    // Enter in any field presses the first button; a password says what was meant.
    if !fields.password.is_empty() {
        fields.way = Way::Password;
    }
    let mut wrong = sign_up_errors(&fields);
    // With a password, the creation of the account says so.
    let asks = wrong.is_empty() && fields.way == Way::Passkey;
    if asks && sign_up::is_username_taken(&ctx, &fields.username).await? {
        wrong.push(Code::UsernameTaken);
    }
    let mut refusal = PublicError::from(wrong.first().copied().unwrap_or(Code::UsernameInvalid));
    let mut errors: Vec<_> = wrong.into_iter().map(|code| beside_field(code.into())).collect();
    if errors.is_empty() && fields.way == Way::Passkey {
        // The page's script makes passkeys; this post came without it, or because
        // a name was refused that is free by now.
        errors.push(entered("", NEEDS_SCRIPT));
    }
    if errors.is_empty() {
        let name = names(&fields.username, &fields.display_name);
        match sign_up::with_password(&ctx, &name, &fields.password).await {
            Ok(done) => return Ok(signed_in(sender, done, &fields.next)),
            Err(error) => {
                refusal = error.clone();
                errors.push(beside_field(error));
            }
        }
    }
    if sender == Sender::Script {
        return Err(refusal.into());
    }
    let values = vec![
        entered("username", fields.username),
        entered("display_name", fields.display_name),
        entered("way", if fields.way == Way::Password { "password" } else { "passkey" }),
        entered("next", fields.next),
    ];
    Ok(show_again(ctx, &uri, &refusal, FormOutcome { values, errors }).await)
}

/// All that is wrong with the entries, so that nobody has to find out one by one.
fn sign_up_errors(fields: &SignUpForm) -> Vec<Code> {
    let mut errors = names_errors(&fields.username, &fields.display_name);
    // Whether it is easily guessed takes longer to say: that waits for its turn.
    let password = passwords::check_form(&fields.password).err();
    let password = password.filter(|_| fields.way == Way::Password);
    errors.extend(password);
    errors
}

pub(super) fn names_errors(username: &str, display_name: &str) -> Vec<Code> {
    let names = [Username::parse(username).err(), DisplayName::parse(display_name).err()];
    names.into_iter().flatten().collect()
}

pub(super) fn names(username: &str, display_name: &str) -> AccountName {
    AccountName { username: username.to_owned(), display_name: display_name.to_owned() }
}

pub(super) async fn sign_out(ctx: RequestContext) -> Answer {
    ctx.session.sign_out().await?;
    Ok(to(&Path::Catalogue))
}

/// As if the browser had not signed in by itself.
pub(super) async fn undo(ctx: RequestContext) -> Answer {
    automatic::undo(&ctx).await?;
    Ok(to(&Path::Catalogue))
}

#[derive(Deserialize)]
pub(super) struct Password {
    password: String,
    #[serde(default)]
    next: Next,
}

/// Once more, before a change of how the account is signed in to.
pub(super) async fn confirm(post: Post<Password>) -> Answer {
    let Post { ctx, uri, fields: Password { password, next }, .. } = post;
    match reauthentication::with_password(&ctx, &password).await {
        Ok(()) => Ok(Redirect::to(next.as_str()).into_response()),
        Err(error) => {
            let wrong = |error: PublicError| match error.code {
                Code::WrongPassword => entered("password", "That is not the password."),
                _ => whole_form(error),
            };
            refused(error, ctx, &uri, vec![entered("next", next)], wrong).await
        }
    }
}

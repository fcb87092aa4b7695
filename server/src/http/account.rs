//! The form posts of the account page. What needs a fresh proof is sent to `/confirm`
//! without one, and comes back to the page of its form.

use app::api::{AccountService, FormOutcome, Path, PublicError};
use axum::{
    http::Uri,
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;

use super::{
    error::{Answer, AnswerHead},
    extract::Part,
    form::{Onward, Post, Sender, beside_field, entered, refused, to, went, whole_form},
    render::show_again,
    sign_in::names,
};
use crate::{
    account::{
        deletion, names as account_names, passkeys,
        password::{self, Set},
        recovery_codes, review, second_factor, sessions,
    },
    request::RequestContext,
    session::{Reauthenticated, SignedIn},
};

/// For forms whose page has another address, and whose own somebody visits after a mistake.
pub(super) async fn back() -> Redirect {
    Redirect::to(&Path::Account.to_string())
}

fn page() -> Uri {
    Path::Account.to_string().parse().unwrap_or_default()
}

#[derive(Deserialize)]
pub(super) struct Names {
    username: String,
    display_name: String,
}

pub(super) async fn rename(owner: SignedIn, post: Post<Names>) -> Answer {
    let Post { ctx, fields: Names { username, display_name }, .. } = post;
    match account_names::rename(&ctx, &owner, &names(&username, &display_name)).await {
        Ok(()) => Ok(to(&Path::Account)),
        Err(error) => {
            let values = vec![entered("username", username), entered("display_name", display_name)];
            refused(error, ctx, &page(), values, beside_field).await
        }
    }
}

#[derive(Deserialize)]
pub(super) struct PasskeyName {
    name: String,
}

pub(super) async fn rename_passkey(
    owner: SignedIn,
    Part(id): Part,
    post: Post<PasskeyName>,
) -> Answer {
    let Post { ctx, fields: PasskeyName { name }, .. } = post;
    match passkeys::rename(&ctx, &owner, &id, &name).await {
        Ok(()) => Ok(to(&Path::Account)),
        Err(error) => {
            let field = format!("passkey-{id}");
            let values = vec![entered(&field, name)];
            let beside = |error: PublicError| entered(&field, error.message);
            refused(error, ctx, &page(), values, beside).await
        }
    }
}

pub(super) async fn delete_passkey(
    ctx: RequestContext,
    proof: Reauthenticated,
    Part(id): Part,
    uri: Uri,
) -> Answer {
    match passkeys::delete(&ctx, &proof, &id).await {
        Ok(()) => Ok(to(&Path::Account)),
        Err(error) => refused(error, ctx, &uri, vec![], whole_form).await,
    }
}

#[derive(Deserialize)]
pub(super) struct PasswordChange {
    #[serde(default)]
    password: String,
    action: PasswordAction,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PasswordAction {
    Set,
    Remove,
}

pub(super) async fn change_password(proof: Reauthenticated, post: Post<PasswordChange>) -> Answer {
    let Post { ctx, uri, sender, fields: PasswordChange { password, action } } = post;
    let done = match action {
        PasswordAction::Set => password::set(&ctx, &proof, &password).await.map(|set| match set {
            // Somebody may have known the old one.
            Set::Changed(name) => (Path::Review, Some(name)),
            Set::First(name) => (Path::Account, Some(name)),
        }),
        PasswordAction::Remove => {
            password::remove(&ctx, &proof).await.map(|()| (Path::Account, None))
        }
    };
    match done {
        Ok((to, name)) => Ok(went(sender, to.to_string(), name)),
        Err(error) if sender == Sender::Script => Err(error.into()),
        Err(error) => refused(error, ctx, &uri, vec![], beside_field).await,
    }
}

/// What was shown, and what of it is to be kept.
pub(super) async fn review(proof: Reauthenticated, post: Post<Vec<(String, String)>>) -> Answer {
    let Post { ctx, uri, fields, .. } = post;
    let named = |name: &str| {
        let fields = fields.iter().filter(|(field, _)| field == name);
        fields.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    match review::keep(&ctx, &proof, &named("shown"), &named("keep")).await {
        Ok(()) => Ok(to(&Path::Account)),
        Err(error) => refused(error, ctx, &uri, vec![], whole_form).await,
    }
}

#[derive(Deserialize)]
pub(super) struct Switch {
    on: Answered,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answered {
    Yes,
    No,
}

pub(super) async fn set_second_factor(proof: Reauthenticated, post: Post<Switch>) -> Answer {
    let Post { ctx, uri, fields, .. } = post;
    match second_factor::set(&ctx, &proof, fields.on == Answered::Yes).await {
        Ok(()) => Ok(to(&Path::Account)),
        Err(error) => refused(error, ctx, &uri, vec![], whole_form).await,
    }
}

pub(super) async fn set_automatic(proof: Reauthenticated, post: Post<Switch>) -> Answer {
    let Post { ctx, fields, .. } = post;
    second_factor::set_automatic(&ctx, &proof, fields.on == Answered::Yes).await?;
    Ok(to(&Path::Account))
}

/// The one page that answers a post itself: the codes exist in this answer only.
pub(super) async fn make_recovery_codes(
    ctx: RequestContext,
    proof: Reauthenticated,
    uri: Uri,
) -> Answer {
    let codes = recovery_codes::make(&ctx, &proof).await?;
    let outcome = FormOutcome { values: vec![entered("codes", codes.join("\n"))], errors: vec![] };
    Ok(show_again(ctx, &uri, AnswerHead::OK, outcome).await)
}

pub(super) async fn end_session(
    ctx: RequestContext,
    proof: Reauthenticated,
    Part(handle): Part,
) -> Answer {
    sessions::end(&ctx, &proof, &handle).await?;
    Ok(to(&Path::Account))
}

pub(super) async fn end_other_sessions(ctx: RequestContext, proof: Reauthenticated) -> Answer {
    sessions::end_others(&ctx, &proof).await?;
    Ok(to(&Path::Account))
}

pub(super) async fn dismiss_offer(post: Post<Onward>) -> Answer {
    post.ctx.dismiss_offer().await?;
    Ok(Redirect::to(post.fields.next.as_str()).into_response())
}

pub(super) async fn delete(ctx: RequestContext, proof: Reauthenticated) -> Answer {
    deletion::delete(&ctx, &proof).await?;
    Ok(to(&Path::Goodbye))
}

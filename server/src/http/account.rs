//! The form posts of the account page. What needs a fresh proof is sent to `/confirm`
//! without one, and comes back to the page of its form.

use app::api::{Code, FormOutcome, PublicError, same_origin_path};
use axum::{
    http::{StatusCode, Uri},
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;

use super::{
    extract::Path,
    federated,
    forms::{Answer, Post, Sender, beside_field, entered, went, whole_form},
    pages::show_again,
    status,
};
use crate::Call;

const ACCOUNT: &str = "/account";

/// For forms whose page has another address, and whose own somebody visits after a mistake.
pub(super) async fn back() -> Redirect {
    Redirect::to(ACCOUNT)
}

/// Tells on the account page what was done.
async fn done(call: &Call, sentence: &str) -> Answer {
    call.visit.tell(sentence).await?;
    Ok(Redirect::to(ACCOUNT).into_response())
}

/// The page of the form again. What is missing before it, or has nothing to do with what
/// was entered, is not for the form to show.
async fn refused(
    error: PublicError,
    call: Call,
    page: &Uri,
    values: Vec<(String, String)>,
    beside: impl FnOnce(PublicError) -> (String, String),
) -> Answer {
    if matches!(error.code, Code::ProofRequired | Code::SignInRequired | Code::NotFound) {
        return Err(error.into());
    }
    let code = status(error.code);
    let outcome = FormOutcome { values, errors: vec![beside(error)] };
    Ok(show_again(call, page, code, outcome).await)
}

#[derive(Deserialize)]
pub(super) struct Proof {
    password: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn confirm(post: Post<Proof>) -> Answer {
    let Post { call, uri, fields: Proof { password, next }, .. } = post;
    match call.prove_with_password(&password).await {
        Ok(()) => Ok(Redirect::to(same_origin_path(&next)).into_response()),
        Err(error) => {
            let wrong = |error: PublicError| match error.code {
                Code::WrongPassword => entered("password", "That is not the password."),
                _ => whole_form(error),
            };
            refused(error, call, &uri, vec![entered("next", next)], wrong).await
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Names {
    username: String,
    display_name: String,
}

pub(super) async fn rename(post: Post<Names>) -> Answer {
    let Post { call, fields: Names { username, display_name }, .. } = post;
    match call.rename(&username, &display_name).await {
        Ok(()) => done(&call, "Your details are saved.").await,
        Err(error) => {
            let values = vec![entered("username", username), entered("display_name", display_name)];
            refused(error, call, &Uri::from_static(ACCOUNT), values, beside_field).await
        }
    }
}

#[derive(Deserialize)]
pub(super) struct PasskeyName {
    name: String,
}

pub(super) async fn rename_passkey(Path(id): Path, post: Post<PasskeyName>) -> Answer {
    let Post { call, fields: PasskeyName { name }, .. } = post;
    match call.rename_passkey(&id, &name).await {
        Ok(()) => done(&call, "The passkey has its new name.").await,
        Err(error) => {
            let field = format!("passkey-{id}");
            let values = vec![entered(&field, name)];
            let beside = |error: PublicError| entered(&field, error.message);
            refused(error, call, &Uri::from_static(ACCOUNT), values, beside).await
        }
    }
}

pub(super) async fn delete_passkey(call: Call, Path(id): Path, uri: Uri) -> Answer {
    match call.delete_passkey(&id).await {
        Ok(()) => {
            done(
                &call,
                "The passkey is deleted and opens nothing any more. Where your browser can, it is \
                 telling its password manager to forget it. If it is kept anywhere else, such as on \
                 a security key, delete it there.",
            )
            .await
        }
        Err(error) => refused(error, call, &uri, vec![], whole_form).await,
    }
}

#[derive(Deserialize)]
pub(super) struct PasswordChange {
    #[serde(default)]
    password: String,
    action: PasswordAction,
}

const REMOVED: &str =
    "Your password is removed. Your password manager may still offer it: delete it there.";

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PasswordAction {
    Set,
    Remove,
}

pub(super) async fn change_password(post: Post<PasswordChange>) -> Answer {
    let Post { call, uri, sender, fields: PasswordChange { password, action } } = post;
    let told = match action {
        PasswordAction::Set => call.set_password(&password).await.map(|new| match new.replaced {
            true => ended(
                "Your password is changed. All other sessions have ended.",
                new.ends_automatic,
            ),
            false => "Your password is set.".to_owned(),
        }),
        PasswordAction::Remove => call.remove_password().await.map(|removed| match removed {
            true => REMOVED.to_owned(),
            false => "There was no password to remove.".to_owned(),
        }),
    };
    match told {
        Ok(sentence) if sender == Sender::Script => {
            call.visit.tell(sentence).await?;
            let name = call.account().await?.name;
            Ok(went(ACCOUNT, Some(name)))
        }
        Ok(sentence) => done(&call, &sentence).await,
        Err(error) if sender == Sender::Script => Err(error.into()),
        Err(error) => refused(error, call, &uri, vec![], beside_field).await,
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

pub(super) async fn set_second_factor(post: Post<Switch>) -> Answer {
    let Post { call, uri, fields, .. } = post;
    let on = fields.on == Answered::Yes;
    match call.set_second_factor(on).await {
        Ok(()) if on => {
            done(&call, "From now on, a passkey is asked for after your password.").await
        }
        Ok(()) => done(&call, "The second factor is off.").await,
        Err(error) => refused(error, call, &uri, vec![], whole_form).await,
    }
}

/// The one page that answers a post itself: the codes exist in this answer only.
pub(super) async fn make_recovery_codes(call: Call, uri: Uri) -> Answer {
    let codes = call.make_recovery_codes().await?;
    let outcome = FormOutcome { values: vec![entered("codes", codes.join("\n"))], errors: vec![] };
    Ok(show_again(call, &uri, StatusCode::OK, outcome).await)
}

pub(super) async fn end_session(call: Call, Path(id): Path) -> Answer {
    let automatic = call.end_session(&id).await?;
    done(&call, &ended("That session has ended.", automatic)).await
}

pub(super) async fn end_other_sessions(call: Call) -> Answer {
    let automatic = call.end_other_sessions().await?;
    done(&call, &ended("All other sessions have ended.", automatic)).await
}

fn ended(sentence: &str, automatic: bool) -> String {
    let off = " Automatic sign-in is off now, so that no browser comes back by itself.";
    format!("{sentence}{}", if automatic { off } else { "" })
}

#[derive(Deserialize)]
pub(super) struct AutomaticSwitch {
    on: Answered,
}

pub(super) async fn set_automatic(post: Post<AutomaticSwitch>) -> Answer {
    let Post { call, fields, .. } = post;
    let on = fields.on == Answered::Yes;
    call.set_automatic(on).await?;
    done(&call, if on { "Automatic sign-in is on." } else { "Automatic sign-in is off." }).await
}

/// On to the provider, with a fresh proof only: whoever could link an identity of their own
/// would be in for good.
pub(super) async fn link(call: Call, Path(id): Path) -> Answer {
    match call.start_link(&id).await {
        Ok(url) => Ok(federated::lead_away(call, &id, &url).await),
        Err(error) => refused(error, call, &Uri::from_static(ACCOUNT), vec![], whole_form).await,
    }
}

pub(super) async fn unlink(call: Call, Path(id): Path, uri: Uri) -> Answer {
    match call.unlink(&id).await {
        Ok(name) => {
            let sentence =
                format!("{name} is unlinked, and does not sign in to this account any more.");
            done(&call, &sentence).await
        }
        Err(error) => refused(error, call, &uri, vec![], whole_form).await,
    }
}

pub(super) async fn confirm_with_provider(Path(id): Path, post: Post<Next>) -> Answer {
    let Post { call, fields: Next { next }, .. } = post;
    let next = same_origin_path(&next).to_owned();
    match call.start_provider_proof(&id, &next).await {
        Ok(url) => Ok(federated::lead_away(call, &id, &url).await),
        Err(error) => {
            let page = Uri::from_static("/confirm");
            refused(error, call, &page, vec![entered("next", next)], whole_form).await
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

pub(super) async fn dismiss_offer(post: Post<Next>) -> Answer {
    post.call.dismiss_offer().await?;
    Ok(Redirect::to(same_origin_path(&post.fields.next)).into_response())
}

pub(super) async fn delete(call: Call) -> Answer {
    call.delete_account().await?;
    Ok(Redirect::to("/goodbye").into_response())
}

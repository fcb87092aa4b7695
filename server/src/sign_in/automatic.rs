//! Signing in without being asked: the browser brings a saved password by itself (silent access,
//! Credential Management §2.3.2).

use app::api::{Code, Notice, Result, SignInOutcome};
use uuid::Uuid;

use super::{NewSignIn, Refusal, complete, password::right_password, record};
use crate::{
    request::{RequestContext, SilentAccess},
    session::{AuthenticationMethods, Event, Method, Session},
    store::{CartOwner, Ceremony, Owner, StoreError},
};

/// Signs in with a password that the browser brought by itself: for a person who is not asked, so
/// only where nothing else is asked for, and as no proof of anything.
///
/// # Errors
/// [`Code::WrongPassword`], or [`Code::NotAutomatic`] where it is switched off, for
/// somebody who signs in by hand, and for an account with a second factor.
pub async fn sign_in(
    ctx: &RequestContext,
    username: &str,
    password: &str,
) -> Result<SignInOutcome> {
    if !is_allowed(ctx) {
        return Err(Code::NotAutomatic.into());
    }
    let (found, tried) = right_password(ctx, username, password).await?;
    let account = &found.account;
    if account.second_factor || !account.automatic {
        // Its owner hears of it: somebody knows the password by now.
        let event = ctx.event(account.id, Event::AutomaticRefused, "");
        let refusal = Refusal { event: Some(event), ..Code::NotAutomatic.into() };
        return Err(record(ctx, refusal).await);
    }
    let sign_in = unasked(ctx, account.owner(), &account.display_name, Method::Password).await?;
    let ceremony = Ceremony { forgotten_tries: tried.if_right.as_deref(), ..Ceremony::default() };
    complete(ctx, sign_in, ceremony).await.map_err(|refusal| refusal.error)?;
    Ok(SignInOutcome::Done(account.name()))
}

/// Whether anybody may be signed in who has not asked for it.
#[must_use]
pub fn is_allowed(ctx: &RequestContext) -> bool {
    let session = ctx.session.get();
    let nobody = session.account().is_none() && session.awaiting_second_factor(ctx.now()).is_err();
    ctx.state.automatic && ctx.silent_access == SilentAccess::Allowed && nobody
}

/// Somebody signs in who has not asked for it. They are told so; what they had in the cart goes
/// along, and comes back with [`undo`].
///
/// # Errors
/// [`Code::Internal`]
pub(crate) async fn unasked(
    ctx: &RequestContext,
    owner: Owner,
    name: &str,
    method: Method,
) -> Result<NewSignIn> {
    let mut sentence = format!("Signed in as {name}.");
    let brought = match ctx.session.get().cart_to_merge() {
        Some(cart) => ctx.state.store.pieces(&CartOwner::Visitor(cart.to_owned())).await?,
        None => vec![],
    };
    if !brought.is_empty() {
        sentence += " What was in your cart is in this account’s cart now.";
    }
    Ok(NewSignIn {
        notice: Some(Notice { sentence, undo: true }),
        brought,
        ..NewSignIn::new(owner, AuthenticationMethods::automatic(method), "")
    })
}

/// Signs out whoever was signed in without having asked for it, and gives them their cart back.
///
/// # Errors
/// [`Code::Internal`]
pub async fn undo(ctx: &RequestContext) -> Result<()> {
    let (session, now) = (ctx.session.get(), ctx.now());
    let Some(account) = session.account().filter(|_| !session.brought.is_empty()) else {
        return ctx.session.sign_out().await;
    };
    let cart = Uuid::new_v4().to_string();
    let left = Session { cart: Some(cart.clone()), came_back: true, ..Session::default() };
    let change = ctx.session.renewed(left, false, now)?;
    let (store, cart) = (&ctx.state.store, CartOwner::Visitor(cart));
    match store.give_back(account, &session.brought, &cart, &change.write, now).await {
        Ok(()) => ctx.session.committed(change),
        // Signed out already.
        Err(StoreError::SessionEnded) => return ctx.session.sign_out().await,
        Err(error) => return Err(error.into()),
    }
    ctx.session.forget_browser();
    Ok(())
}

//! Somebody new whom a provider vouches for chooses a username.

use app::api::{AccountName, FederationService, Offer, Result, SignInOutcome, SignUpSuggestion};
use async_trait::async_trait;

use super::{identity, remembered};
use crate::{
    credentials::Username,
    oidc::{Claims, Provider},
    request::RequestContext,
    session::{AuthenticationMethods, Method, PendingSignUp},
    sign_in::{NewSignIn, complete_sign_up, sign_up},
    store::{Ceremony, NewIdentity, UsedChallenge},
};

#[async_trait]
impl FederationService for RequestContext {
    async fn pending_sign_up(&self) -> Result<SignUpSuggestion> {
        let session = self.session.get();
        let pending = session.pending_sign_up(self.now())?;
        let provider = self.state.providers.named(&pending.provider)?;
        let username = match &pending.username {
            // Not asked for by anybody, so not counted as a try.
            Some(username)
                if !self.state.store.username_taken(&Username::key_of(username)).await? =>
            {
                username
            }
            _ => "",
        };
        Ok(SignUpSuggestion {
            provider: provider.name.clone(),
            label: pending.identity.label.clone(),
            username: username.to_owned(),
            display_name: pending.name.clone().unwrap_or_default(),
        })
    }
}

/// Remembers whom the provider vouched for, under a new session id. Whoever is signed in already
/// stays so.
///
/// # Errors
/// [`Code::SignInRequired`](app::api::Code::SignInRequired) when that session has been ended
/// meanwhile.
pub(super) async fn ask(
    ctx: &RequestContext,
    provider: &Provider,
    claims: Claims,
    used: &UsedChallenge,
) -> Result<()> {
    let (store, now) = (&ctx.state.store, ctx.now());
    let mut session = ctx.session.get();
    let account = match session.account() {
        Some(_) => Some(ctx.account_of_session().await?.owner()),
        None => None,
    };
    session.pending_sign_up = Some(PendingSignUp {
        provider: provider.id.clone(),
        username: suggested_username(&claims),
        name: claims.name.clone(),
        identity: identity(provider, claims),
        since: now,
    });
    let change = ctx.session.renewed(session, account.is_none(), now)?;
    let ceremony = Ceremony {
        account,
        challenge: Some(used),
        session: Some(&change.write),
        ..Ceremony::default()
    };
    store.complete(&ceremony, now).await?;
    ctx.session.committed(change);
    Ok(())
}

/// What the provider calls the person, if it would do for a username.
fn suggested_username(claims: &Claims) -> Option<String> {
    let candidates = [claims.username.as_deref(), claims.email.as_deref()];
    let fit = |name: &&str| Username::parse(name).is_ok();
    candidates.into_iter().flatten().find(fit).map(str::to_owned)
}

/// The account of somebody new.
///
/// # Errors
/// What is wrong with the names, or [`Code::SignInRequired`](app::api::Code::SignInRequired)
/// when it took too long.
pub async fn finish(ctx: &RequestContext, name: &AccountName) -> Result<SignInOutcome> {
    let session = ctx.session.get();
    let pending = session.pending_sign_up(ctx.now())?;
    let provider = ctx.state.providers.named(&pending.provider)?;
    let account = sign_up::new_account(ctx, name).await?;
    let NewIdentity { subject, label, .. } = &pending.identity;
    let methods = AuthenticationMethods::one(Method::Provider(provider.name.clone()));
    let sign_in = NewSignIn {
        offer: Some(Offer::Passkey),
        federated: remembered(provider, subject, label, &account.display_name),
        ..NewSignIn::with_new(&account, methods, "")
    };
    let ceremony = Ceremony { new_identity: Some(&pending.identity), ..Ceremony::default() };
    let done = complete_sign_up(ctx, &account, sign_in, ceremony).await;
    done.map_err(|refusal| refusal.error)
}

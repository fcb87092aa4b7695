//! `/account`, and a page for each thing that can be changed from there.

mod delete;
mod delete_passkey;
mod event;
mod goodbye;
mod history;
mod identities;
mod new_passkey;
mod passkeys;
mod password;
mod recovery_codes;
mod second_factor;
mod unlink;

use leptos::prelude::*;
use leptos_meta::Title;

pub use delete::Delete;
pub use delete_passkey::DeletePasskey;
pub use event::Event;
pub use goodbye::Goodbye;
pub use new_passkey::NewPasskey;
pub use password::Password;
pub use recovery_codes::RecoveryCodes;
pub use second_factor::SecondFactor;
pub use unlink::Unlink;

use crate::{
    api::{self, AccountName, OrderSummary, Path},
    components::{Control, Field, FormAlert, When},
    pages::load,
    request::form_outcome,
};

#[component]
pub fn Overview() -> impl IntoView {
    let account = api::account();
    load(async move { account.account().await }, show)
}

fn show(account: api::Account) -> impl IntoView {
    let password = password_state(&account);
    let second_factor = second_factor_state(&account);
    let codes = recovery_codes_state(account.recovery_codes);
    let automatic = account.automatic.map(|on| automatic_state(on, remembers(&account)));
    let identities = identities::list(account.identities, account.other_providers);
    view! {
        <Title text="Your account – Latchkey"/>
        <div class="account">
            <header class="account-head">
                <h1>{account.name.display_name.clone()}</h1>
                <p class="lead">"Username: " {account.name.username.clone()}</p>
                <form method="post" action=Path::SignOut.to_string()>
                    <button class="button secondary">"Sign out"</button>
                </form>
            </header>
            <FormAlert/>
            {part("orders", "Orders", orders(account.orders))}
            {part("passkeys", "Passkeys", passkeys::list(account.passkeys))}
            {part("password", "Password", password)}
            {identities.map(|list| part("providers", "Other accounts", list))}
            {part("second-factor", "Second factor", second_factor)}
            {part("recovery-codes", "Recovery codes", codes)}
            {automatic.map(|state| part("automatic", "Automatic sign-in", state))}
            {part("sessions", "Sessions", history::sessions(account.sessions))}
            {part("events", "Security events", history::events(account.events))}
            {part("details", "Your details", details(account.name))}
            {part("delete", "Delete account", delete())}
        </div>
    }
}

/// Of one type, whatever is in it: the types of a long page get too long for the compiler.
fn part(id: &'static str, heading: &'static str, content: impl IntoView + 'static) -> AnyView {
    view! {
        <section class="account-part" aria-labelledby=id>
            <h2 id=id>{heading}</h2>
            <div>{content.into_any()}</div>
        </section>
    }
    .into_any()
}

/// The first few of a list; the others after a press.
fn entries<V: IntoView + 'static>(
    items: impl IntoIterator<Item = V>,
    few: usize,
    others: &'static str,
) -> impl IntoView {
    let mut items = items.into_iter();
    let first = items.by_ref().take(few).collect_view();
    let rest: Vec<_> = items.collect();
    let rest = (!rest.is_empty()).then(|| {
        view! {
            <details>
                <summary class="way">{format!("{others} ({})", rest.len())}</summary>
                <ul class="entries">{rest}</ul>
            </details>
        }
    });
    view! {
        <ul class="entries">{first}</ul>
        {rest}
    }
}

/// Where the pages around `/account` lead back to.
fn back(part: &'static str) -> impl IntoView {
    view! { <p class="aside"><a href=format!("{}#{part}", Path::Account)>"Back to your account"</a></p> }
}

fn orders(orders: Vec<OrderSummary>) -> impl IntoView {
    if orders.is_empty() {
        return view! { <p>"No orders yet."</p> }.into_any();
    }
    entries(orders.into_iter().map(order), 3, "Earlier orders").into_any()
}

fn order(order: OrderSummary) -> impl IntoView {
    let link = Path::order(&order.number).to_string();
    let pieces = if order.pieces == 1 { "piece" } else { "pieces" };
    view! {
        <li class="entry">
            <p><a class="order-number" href=link>{order.number}</a></p>
            <p class="hint">
                <When at=order.placed/> {format!(" · {} {pieces}", order.pieces)}
            </p>
            <p class="price">{order.total.to_string()}</p>
        </li>
    }
}

fn password_state(account: &api::Account) -> impl IntoView + use<> {
    let (words, link) = if account.has_password {
        (
            "This account can also be signed in to with its password.",
            "Change or remove the password",
        )
    } else {
        (
            "This account has no password, so nobody can guess it or trick you into typing it.",
            "Set a password",
        )
    };
    view! {
        <p>{words}</p>
        <p><a class="way" href=Path::Password.to_string()>{link}</a></p>
    }
}

fn second_factor_state(account: &api::Account) -> impl IntoView + use<> {
    let (words, link) = match second_factor::missing(account) {
        Some(sentence) => (sentence, None),
        None if account.second_factor => (
            "On: neither a password nor a provider signs in alone. The store asks for a passkey as \
             well.",
            Some("Switch the second factor off"),
        ),
        None => ("Off: your password alone signs in.", Some("Ask for a passkey after my password")),
    };
    let link = link.map(|link| {
        view! { <p><a class="way" href=Path::AccountSecondFactor.to_string()>{link}</a></p> }
    });
    view! {
        <p>{words}</p>
        {link}
    }
}

/// What a browser would have to do for an automatic sign-in.
fn remembers(account: &api::Account) -> &'static str {
    let provider = account.identities.iter().any(|identity| identity.remembered);
    match (account.has_password, provider) {
        (true, true) => "has saved your password, or remembers your provider,",
        (false, true) => "remembers your provider",
        _ => "has saved your password",
    }
}

/// `by`: what a browser does it with.
fn automatic_state(on: bool, by: &str) -> impl IntoView + use<> {
    let (state, value, button) = match on {
        true => (
            format!(
                "On: a browser that {by} may sign you in when you come here. You are told each \
                 time, and can undo it."
            ),
            "no",
            "Switch automatic sign-in off",
        ),
        false => (
            "Off: nobody is signed in without having asked for it.".to_owned(),
            "yes",
            "Switch automatic sign-in on",
        ),
    };
    view! {
        <p>{state}</p>
        <form method="post" action=Path::AutomaticSignIn.to_string()>
            <input type="hidden" name="on" value=value/>
            <button class="quiet">{button}</button>
        </form>
    }
}

fn recovery_codes_state(left: i64) -> impl IntoView {
    let (state, link) = match left {
        0 => ("You have none.".to_owned(), "Make recovery codes"),
        _ => (format!("{left} of 10 left."), "Make new recovery codes"),
    };
    view! {
        <p>
            <strong>{state}</strong>
            " A recovery code signs you in once, when you have lost everything else."
        </p>
        <p><a class="way" href=Path::RecoveryCodes.to_string()>{link}</a></p>
    }
}

fn details(name: AccountName) -> impl IntoView {
    let outcome = form_outcome();
    let open = ["username", "display_name"].iter().any(|field| outcome.error(field).is_some());
    view! {
        <p>"What the store calls you, and what you sign in as."</p>
        <details open=open>
            <summary class="way">"Change your name or username"</summary>
            <form class="form" method="post" action=Path::AccountName.to_string()>
                <Field
                    name="display_name"
                    label="Your name"
                    autocomplete="name"
                    value=name.display_name
                    required=true
                />
                <Field
                    name="username"
                    label="Username"
                    control=Control::Username
                    hint="3 to 64 letters, digits or @ . _ - will do. A new one needs a fresh sign-in."
                    autocomplete="username"
                    value=name.username
                    required=true
                />
                <button class="button secondary">"Save name and username"</button>
            </form>
        </details>
    }
}

fn delete() -> impl IntoView {
    view! {
        <p>"For good. You will be shown what goes and what stays before anything happens."</p>
        <p><a class="way" href=Path::DeleteAccount.to_string()>"Delete this account"</a></p>
    }
}

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
mod review;
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
pub use review::Review;
pub use second_factor::SecondFactor;
pub use unlink::Unlink;

use crate::{
    api::{
        self, AccountName, OrderSummary, Path, Route,
        paths::{PASSKEYS, PROVIDERS, SESSIONS},
    },
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
    let codes = recovery_codes_state(&account);
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
            {part(PASSKEYS, "Passkeys", passkeys::list(account.passkeys))}
            {part("password", "Password", password)}
            {identities.map(|list| part(PROVIDERS, "Other accounts", list))}
            {part("second-factor", "Second factor", second_factor)}
            {part("recovery-codes", "Recovery codes", codes)}
            {automatic.map(|state| part("automatic", "Automatic sign-in", state))}
            {part(SESSIONS, "Sessions", history::sessions(account.sessions))}
            {part("events", "Security events", history::events(account.events))}
            {part("details", "Your details", details(account.name))}
            {part("delete", "Delete account", delete())}
        </div>
    }
}

/// A part of the page, under a heading. It is of one type, whatever is in it: the types of a long
/// page get too long for the compiler.
fn part(id: &'static str, heading: &'static str, content: impl IntoView + 'static) -> AnyView {
    view! {
        <section class="account-part" aria-labelledby=id>
            <h2 id=id>{heading}</h2>
            <div>{content.into_any()}</div>
        </section>
    }
    .into_any()
}

/// A list of which the first few are shown, and the others after a press.
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

/// A link back to a part of `/account`, for the pages around it.
fn back(part: &'static str) -> impl IntoView {
    view! { <p class="aside"><a href=Route::Account.part(part)>"Back to your account"</a></p> }
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

/// What a browser has to have done for an automatic sign-in, in words.
fn remembers(account: &api::Account) -> &'static str {
    let provider = account.identities.iter().any(|identity| identity.remembered);
    match (account.has_password, provider) {
        (true, true) => "has saved your password, or remembers your provider,",
        (false, true) => "remembers your provider",
        _ => "has saved your password",
    }
}

/// Whether browsers may sign in by themselves, and a way to change that. `by` is what a browser
/// does it with.
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

fn recovery_codes_state(account: &api::Account) -> impl IntoView + use<> {
    let (state, link) = match account.recovery_codes {
        0 => ("You have none.".to_owned(), "Make recovery codes"),
        left => (format!("{left} of 10 left."), "Make new recovery codes"),
    };
    let use_ = match account.second_factor {
        true => {
            " A recovery code stands in for your passkey once, after your password or provider."
        }
        false => " A recovery code signs you in once, when you have lost everything else.",
    };
    view! {
        <p>
            <strong>{state}</strong>
            {use_}
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

#[cfg(test)]
mod tests {
    use crate::{
        api::{Account, Path},
        testing::{
            Fake, Html, outcome,
            samples::{account, identity, order_summary, passkey},
        },
    };

    async fn shown(account: Account) -> Html {
        Fake::of(account).shows(Path::Account).await
    }

    #[tokio::test]
    async fn its_owner_is_named_and_can_sign_out() {
        let page = shown(account()).await;
        assert_eq!(page.first("h1").text(), "Ada Lovelace");
        page.says("Username: ada");
        page.posts("Sign out", Path::SignOut);
    }

    #[tokio::test]
    async fn a_stranger_signs_in_first_and_comes_back() {
        let answer = Fake::default().get(Path::Account).await;
        answer.leads_to(Path::SignIn.with_next(&Path::Account.into()));
    }

    #[tokio::test]
    async fn looking_at_it_asks_for_no_reauthentication() {
        Fake { reauthenticated: false, ..Fake::of(account()) }.shows(Path::Account).await;
    }

    #[tokio::test]
    async fn what_was_wrong_with_a_form_is_said_above_all() {
        let outcome = outcome(&[], &[("", "That is the last way to sign in.")]);
        let page = Fake::of(account()).posted(Path::Account, outcome).await.main();
        page.says("That is the last way to sign in.");
    }

    #[tokio::test]
    async fn no_orders() {
        shown(account()).await.part("Orders").says("No orders yet.");
    }

    #[tokio::test]
    async fn a_few_orders() {
        let orders = vec![order_summary("L-2", 3), order_summary("L-1", 1)];
        let part = shown(Account { orders, ..account() }).await.part("Orders");
        part.leads("L-2", Path::order("L-2"));
        part.says("21 November 2026, 20:15 UTC · 3 pieces");
        part.says("· 1 piece €");
        part.never_says("Earlier orders");
    }

    #[tokio::test]
    async fn of_many_orders_the_earlier_ones_are_folded_away() {
        let orders = (1..=5).rev().map(|n| order_summary(&format!("L-{n}"), 1)).collect();
        let part = shown(Account { orders, ..account() }).await.part("Orders");
        assert!(!part.is_open("Earlier orders (2)"));
        let folded = part.first("details");
        folded.never_says("L-3");
        folded.says("L-2");
        folded.says("L-1");
    }

    #[tokio::test]
    async fn with_a_password_it_can_be_changed() {
        let part = shown(account()).await.part("Password");
        part.says("This account can also be signed in to with its password.");
        part.leads("Change or remove the password", Path::Password);
    }

    #[tokio::test]
    async fn without_a_password_one_can_be_set() {
        let part = shown(Account { has_password: false, ..account() }).await.part("Password");
        part.says("This account has no password");
        part.leads("Set a password", Path::Password);
    }

    #[tokio::test]
    async fn a_second_factor_needs_a_password() {
        let passkeys = vec![passkey("a")];
        let page = shown(Account { has_password: false, passkeys, ..account() }).await;
        let part = page.part("Second factor");
        part.says("There is no password that could need one.");
        assert!(part.all("a").is_empty());
    }

    #[tokio::test]
    async fn a_second_factor_needs_a_passkey() {
        let part = shown(account()).await.part("Second factor");
        part.says("once you have added one.");
        assert!(part.all("a").is_empty());
    }

    #[tokio::test]
    async fn the_second_factor_is_off_or_on() {
        let off = Account { passkeys: vec![passkey("a")], ..account() };
        let on = Account { second_factor: true, ..off.clone() };
        let part = shown(off).await.part("Second factor");
        part.says("Off: your password alone signs in.");
        part.leads("Ask for a passkey after my password", Path::AccountSecondFactor);
        let part = shown(on).await.part("Second factor");
        part.says("On: neither a password nor a provider signs in alone.");
        part.leads("Switch the second factor off", Path::AccountSecondFactor);
    }

    #[tokio::test]
    async fn no_recovery_codes() {
        let part = shown(account()).await.part("Recovery codes");
        part.says("You have none.");
        part.leads("Make recovery codes", Path::RecoveryCodes);
    }

    #[tokio::test]
    async fn some_recovery_codes_are_left() {
        let some = Account { recovery_codes: 7, ..account() };
        let careful = Account { second_factor: true, ..some.clone() };
        let part = shown(careful).await.part("Recovery codes");
        part.says("stands in for your passkey once, after your password or provider.");
        let part = shown(some).await.part("Recovery codes");
        part.says("7 of 10 left. A recovery code signs you in once");
        part.leads("Make new recovery codes", Path::RecoveryCodes);
    }

    #[tokio::test]
    async fn no_automatic_sign_in_where_there_could_be_none() {
        shown(account()).await.never_says("Automatic sign-in");
    }

    #[tokio::test]
    async fn automatic_sign_in_is_on_or_off() {
        let part = shown(Account { automatic: Some(true), ..account() }).await;
        let part = part.part("Automatic sign-in");
        part.says("On: a browser that has saved your password may sign you in");
        part.posts("Switch automatic sign-in off", Path::AutomaticSignIn);
        assert_eq!(part.holds("on"), "no");
        let part = shown(Account { automatic: Some(false), ..account() }).await;
        let part = part.part("Automatic sign-in");
        part.says("Off: nobody is signed in without having asked for it.");
        part.posts("Switch automatic sign-in on", Path::AutomaticSignIn);
        assert_eq!(part.holds("on"), "yes");
    }

    #[tokio::test]
    async fn automatic_sign_in_says_what_a_browser_does_it_with() {
        let mut remembered = identity("Gate");
        remembered.remembered = true;
        let identities = vec![remembered];
        let both = Account { automatic: Some(true), identities, ..account() };
        let provider = Account { has_password: false, ..both.clone() };
        shown(both).await.says("has saved your password, or remembers your provider, may sign");
        shown(provider).await.says("a browser that remembers your provider may sign you in");
    }

    #[tokio::test]
    async fn the_names_are_folded_away_and_filled_in() {
        let part = shown(account()).await.part("Your details");
        assert!(!part.is_open("Change your name or username"));
        part.posts("Save name and username", Path::AccountName);
        assert_eq!(part.holds("display_name"), "Ada Lovelace");
        assert_eq!(part.holds("username"), "ada");
    }

    #[tokio::test]
    async fn a_refused_name_is_not_folded_away() {
        let entered = [("username", "babbage"), ("display_name", "Charles")];
        for refused in ["username", "display_name"] {
            let outcome = outcome(&entered, &[(refused, "Please choose another.")]);
            let page = Fake::of(account()).posted(Path::Account, outcome).await.main();
            let part = page.part("Your details");
            assert!(part.is_open("Change your name or username"));
            part.says("Please choose another.");
            assert!(part.field(refused).has("aria-invalid"));
            assert_eq!(part.holds("username"), "babbage");
            assert_eq!(part.holds("display_name"), "Charles");
            // Above, it is still who they are.
            assert_eq!(page.first("h1").text(), "Ada Lovelace");
        }
    }

    #[tokio::test]
    async fn it_can_be_deleted() {
        let part = shown(account()).await.part("Delete account");
        part.leads("Delete this account", Path::DeleteAccount);
    }
}

//! `/account`

use leptos::prelude::*;
use leptos_meta::Title;

use super::load;
use crate::{
    api::{self, OrderSummary, PasskeyCard, backend},
    components::When,
};

#[component]
pub fn Account() -> impl IntoView {
    let backend = backend();
    load(async move { backend.account().await }, show)
}

fn show(account: api::Account) -> impl IntoView {
    view! {
        <Title text="Your account – Latchkey"/>
        <div class="account">
            <header class="account-head">
                <h1>{account.name.display_name}</h1>
                <p class="lead">"Username: " {account.name.username}</p>
                <form method="post" action="/sign-out">
                    <button class="button secondary">"Sign out"</button>
                </form>
            </header>
            {orders(account.orders)}
            {passkeys(account.passkeys)}
            {password(account.has_password)}
        </div>
    }
}

fn orders(orders: Vec<OrderSummary>) -> impl IntoView {
    let list = if orders.is_empty() {
        view! { <p>"No orders yet."</p> }.into_any()
    } else {
        let orders = orders.into_iter().map(order).collect_view();
        view! { <ul class="entries">{orders}</ul> }.into_any()
    };
    view! {
        <section aria-labelledby="orders">
            <h2 id="orders">"Orders"</h2>
            {list}
        </section>
    }
}

fn order(order: OrderSummary) -> impl IntoView {
    let link = format!("/orders/{}", order.number);
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

fn passkeys(passkeys: Vec<PasskeyCard>) -> impl IntoView {
    let list = if passkeys.is_empty() {
        view! { <p>"This account has no passkey. You sign in with your password."</p> }.into_any()
    } else {
        let passkeys = passkeys.into_iter().map(passkey).collect_view();
        view! { <ul class="entries">{passkeys}</ul> }.into_any()
    };
    view! {
        <section aria-labelledby="passkeys">
            <h2 id="passkeys">"Passkeys"</h2>
            {list}
        </section>
    }
}

fn passkey(passkey: PasskeyCard) -> impl IntoView {
    let kept = if passkey.synced { "Synced" } else { "This device only" };
    view! {
        <li class="entry">
            <p>{kept}</p>
            <dl class="hint">
                <div><dt>"Created"</dt> <dd><When at=passkey.created/></dd></div>
                <div><dt>"Last used"</dt> <dd><When at=passkey.last_used/></dd></div>
            </dl>
        </li>
    }
}

fn password(has_password: bool) -> impl IntoView {
    let words = if has_password {
        "This account can also be signed in to with its password."
    } else {
        "This account has no password, so nobody can guess it or trick you into typing it."
    };
    view! {
        <section aria-labelledby="password">
            <h2 id="password">"Password"</h2>
            <p>{words}</p>
        </section>
    }
}

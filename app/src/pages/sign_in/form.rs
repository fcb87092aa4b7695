//! `/sign-in`: one signs in here with what a press does not find, a password first of all.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{Next, Path},
    components::{Control, Field, FormAlert, Providers},
    request::next,
    sign_in::{CredentialForm, PasskeyPress, Place, Purpose},
};

#[component]
pub fn SignIn() -> impl IntoView {
    let next = next();
    let heading = heading(&next);
    let posted = next.clone();
    view! {
        <Title text=format!("{heading} – Latchkey")/>
        <div class="narrow">
            <h1>{heading}</h1>
            <FormAlert/>
            <CredentialForm purpose=Purpose::SignIn next=next.clone()>
            <form class="form" method="post" action=Path::SignIn.to_string()>
                <input type="hidden" name="next" value=posted.to_string()/>
                <Field
                    name="username"
                    label="Username"
                    control=Control::Username
                    hint="If you have a passkey, your browser can offer it here."
                    autocomplete="username webauthn"
                    required=true
                />
                <Field
                    name="password"
                    label="Password"
                    control=Control::Password
                    autocomplete="current-password"
                    required=true
                />
                <button class="button">"Sign in"</button>
            </form>
            </CredentialForm>
            <noscript>
                <p class="note">"Passkeys need JavaScript. A password works without it."</p>
            </noscript>
            <Providers next=next.clone()/>
            {other_device(next.clone())}
            <p class="aside">
                "New here? " <a href=Path::SignUp.with_next(&next)>"Create an account"</a>
            </p>
            <p>
                "Lost your passkey or password? "
                <a href=Path::Recover.with_next(&next)>"Use a recovery code"</a>
            </p>
        </div>
    }
}

fn heading(next: &Next) -> &'static str {
    match next.page() {
        Some(Path::Checkout) => "Sign in to check out",
        Some(Path::Order { .. }) => "Sign in to see your order",
        Some(page) if page.is_account() => "Sign in to see your account",
        _ => "Sign in",
    }
}

fn other_device(next: Next) -> impl IntoView {
    let link = Path::OneButton.with_next(&next);
    view! {
        <section class="other-way">
            <p>
                "Is your passkey on a phone or a security key? Your browser will show "
                "a QR code to scan with the phone, or ask you to touch the key."
            </p>
            <PasskeyPress place=Place::OtherDevice origins=vec![] next>
                <a class="button secondary" href=link>"Use a passkey from another device"</a>
            </PasskeyPress>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::{Next, Path},
        testing::{
            Fake, Html, outcome,
            samples::{fedcm_provider, provider},
        },
    };

    async fn on_the_way_to(page: Path) -> Html {
        Fake::default().shows(Path::SignIn.with_next(&page.into())).await
    }

    #[tokio::test]
    async fn the_heading_says_what_it_is_good_for() {
        for (page, heading) in [
            (Path::Catalogue, "Sign in"),
            (Path::Cart, "Sign in"),
            (Path::Checkout, "Sign in to check out"),
            (Path::order("L-1"), "Sign in to see your order"),
            (Path::Account, "Sign in to see your account"),
            (Path::Password, "Sign in to see your account"),
        ] {
            assert_eq!(on_the_way_to(page).await.first("h1").text(), heading);
        }
    }

    #[tokio::test]
    async fn every_way_to_sign_in_goes_on_to_the_same_place() {
        let next = Next::from(Path::Checkout);
        let page = on_the_way_to(Path::Checkout).await;
        page.posts("Sign in", Path::SignIn);
        assert_eq!(page.form("Sign in").holds("next"), next.as_str());
        page.leads("Create an account", Path::SignUp.with_next(&next));
        page.leads("Use a recovery code", Path::Recover.with_next(&next));
        page.leads("Use a passkey from another device", Path::OneButton.with_next(&next));
    }

    #[tokio::test]
    async fn an_open_redirect_is_not_passed_on() {
        let page = Fake::default().shows(format!("{}?next=//evil.example", Path::SignIn)).await;
        assert_eq!(page.form("Sign in").holds("next"), "/");
    }

    #[tokio::test]
    async fn a_wrong_password_costs_nothing_that_was_typed_but_itself() {
        let sentence = "That username and password do not go together.";
        let entered = [("username", "ada"), ("next", &*Path::Cart.to_string())];
        let outcome = outcome(&entered, &[("", sentence)]);
        let page = Fake::default().posted(Path::SignIn, outcome).await.main();
        page.says(sentence);
        assert_eq!(page.holds("username"), "ada");
        assert_eq!(page.holds("next"), Path::Cart.to_string());
        assert!(!page.field("password").has("value"));
    }

    #[tokio::test]
    async fn each_provider_has_a_link_that_works_without_a_script() {
        let mut fake = Fake::default();
        fake.visitor.providers = vec![provider("Gate"), fedcm_provider("Moat")];
        let page = fake.shows(Path::SignIn.with_next(&Path::Cart.into())).await;
        for (words, id) in [("Continue with Gate", "gate"), ("Continue with Moat", "moat")] {
            let start = Path::FederationStart { provider: id.to_owned() };
            page.leads(words, start.with_next(&Path::Cart.into()));
        }
    }

    #[tokio::test]
    async fn a_shop_without_providers_does_not_speak_of_any() {
        on_the_way_to(Path::Cart).await.never_says("Or with an account that you have elsewhere.");
    }
}

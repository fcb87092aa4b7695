//! Sessions as versions before 0.2 wrote them: a bag of string keys. Nobody is signed out by an
//! update, and nobody loses a cart.

use app::api::{Federated, Notice, Offer, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    AuthenticationMethods, AwaitingSecondFactor, Method, PendingSignUp, Session, SignedIn, Who,
};
use crate::store::NewIdentity;

#[derive(Deserialize)]
struct Before {
    account: Option<Uuid>,
    sign_in: Option<SignIn>,
    handle: Option<String>,
    used: Option<String>,
    proved: Option<Timestamp>,
    half: Option<Half>,
    offer: Option<Offer>,
    told: Option<Notice>,
    newcomer: Option<Stranger>,
    federated: Option<Federated>,
    gone: Option<Uuid>,
    cart: Option<String>,
}

#[derive(Deserialize)]
struct SignIn {
    how: Means,
    browser: String,
    at: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Means {
    Passkey(String),
    Password,
    PasswordAndPasskey(String),
    RecoveryCode,
    PasswordAndRecoveryCode,
    Provider(String),
    ProviderAndPasskey(String, String),
    ProviderAndRecoveryCode(String),
    SavedPassword,
    RememberedProvider(String),
}

#[derive(Deserialize)]
struct Half {
    account: Uuid,
    at: Timestamp,
    provider: Option<String>,
    federated: Option<Federated>,
}

#[derive(Deserialize)]
struct Stranger {
    provider: String,
    identity: NewIdentity,
    username: Option<String>,
    name: Option<String>,
    at: Timestamp,
}

/// `handle`: what its owner ends it by, where the session itself does not say.
pub(super) fn read(data: Value, handle: &str) -> serde_json::Result<Session> {
    let before: Before = serde_json::from_value(data)?;
    let who = match (before.account, before.sign_in, before.half) {
        (Some(account), Some(sign_in), _) => Who::SignedIn(SignedIn {
            account,
            handle: before.handle.unwrap_or_else(|| handle.to_owned()),
            methods: methods(sign_in.how),
            browser: sign_in.browser,
            since: sign_in.at,
            proved: before.proved,
            proved_before: None,
            passkey_used: before.used,
        }),
        (_, _, Some(half)) => Who::AwaitingSecondFactor(AwaitingSecondFactor {
            account: half.account,
            epoch: 0,
            first: half.provider.map_or(Method::Password, Method::Provider),
            since: half.at,
            federated: half.federated,
        }),
        _ => Who::Visitor,
    };
    let pending_sign_up = before.newcomer.map(|new| PendingSignUp {
        provider: new.provider,
        identity: new.identity,
        username: new.username,
        name: new.name,
        since: new.at,
    });
    Ok(Session {
        brought: vec![],
        came_back: false,
        who,
        cart: before.cart,
        pending_sign_up,
        notice: before.told,
        offer: before.offer,
        federated: before.federated,
        deleted_account: before.gone,
    })
}

fn methods(how: Means) -> AuthenticationMethods {
    use AuthenticationMethods as Methods;
    match how {
        Means::Passkey(id) => Methods::one(Method::Passkey(id)),
        Means::Password => Methods::one(Method::Password),
        Means::PasswordAndPasskey(id) => Methods::two(Method::Password, Method::Passkey(id)),
        Means::RecoveryCode => Methods::one(Method::RecoveryCode),
        Means::PasswordAndRecoveryCode => Methods::two(Method::Password, Method::RecoveryCode),
        Means::Provider(name) => Methods::one(Method::Provider(name)),
        Means::ProviderAndPasskey(name, id) => {
            Methods::two(Method::Provider(name), Method::Passkey(id))
        }
        Means::ProviderAndRecoveryCode(name) => {
            Methods::two(Method::Provider(name), Method::RecoveryCode)
        }
        Means::SavedPassword => Methods::automatic(Method::Password),
        Means::RememberedProvider(name) => Methods::automatic(Method::Provider(name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ACCOUNT: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";

    fn read(data: Value) -> Session {
        super::read(data, "key").unwrap()
    }

    fn signed_in(how: Value) -> SignedIn {
        let session = read(json!({
            "account": ACCOUNT, "epoch": 3, "handle": "h", "proved": 7, "used": "b",
            "sign_in": { "how": how, "browser": "Chrome on Linux", "at": 5 },
        }));
        session.signed_in().unwrap().clone()
    }

    #[test]
    fn whoever_was_signed_in_still_is() {
        let signed_in = signed_in(json!({ "passkey": "a" }));
        assert_eq!(
            signed_in,
            SignedIn {
                account: ACCOUNT.parse().unwrap(),
                handle: "h".into(),
                methods: AuthenticationMethods::one(Method::Passkey("a".into())),
                browser: "Chrome on Linux".into(),
                since: Timestamp(5),
                proved: Some(Timestamp(7)),
                proved_before: None,
                passkey_used: Some("b".into()),
            }
        );
    }

    #[test]
    fn each_old_way_to_sign_in_has_its_methods() {
        use AuthenticationMethods as Methods;
        let (passkey, provider) = (|| Method::Passkey("a".into()), || Method::Provider("P".into()));
        for (how, methods) in [
            (json!("password"), Methods::one(Method::Password)),
            (json!({ "password_and_passkey": "a" }), Methods::two(Method::Password, passkey())),
            (json!("recovery_code"), Methods::one(Method::RecoveryCode)),
            (
                json!("password_and_recovery_code"),
                Methods::two(Method::Password, Method::RecoveryCode),
            ),
            (json!({ "provider": "P" }), Methods::one(provider())),
            (json!({ "provider_and_passkey": ["P", "a"] }), Methods::two(provider(), passkey())),
            (
                json!({ "provider_and_recovery_code": "P" }),
                Methods::two(provider(), Method::RecoveryCode),
            ),
            (json!("saved_password"), Methods::automatic(Method::Password)),
            (json!({ "remembered_provider": "P" }), Methods::automatic(provider())),
        ] {
            assert_eq!(signed_in(how.clone()).methods, methods, "{how}");
        }
    }

    #[test]
    fn a_second_factor_is_still_waited_for() {
        let session = read(json!({ "half": { "account": ACCOUNT, "at": 5, "provider": "P" } }));
        let half = session.awaiting_second_factor(Timestamp(6)).unwrap();
        assert_eq!(half.first, Method::Provider("P".into()));
        let session = read(json!({ "half": { "account": ACCOUNT, "at": 5 } }));
        assert_eq!(session.awaiting_second_factor(Timestamp(6)).unwrap().first, Method::Password);
    }

    #[test]
    fn a_visitor_keeps_the_cart_and_what_was_to_be_told() {
        let session = read(json!({
            "since": 1, "cart": "c", "offer": "passkey", "gone": ACCOUNT,
            "told": { "sentence": "Done.", "undo": false },
            "federated": { "id": "robin", "name": "Robin", "origin": "https://id.example" },
        }));
        assert_eq!((session.account(), session.cart.as_deref()), (None, Some("c")));
        assert_eq!(session.offer, Some(Offer::Passkey));
        assert_eq!(session.notice.unwrap().sentence, "Done.");
        assert_eq!(session.federated.unwrap().id, "robin");
        assert_eq!(session.deleted_account, Some(ACCOUNT.parse().unwrap()));
    }

    #[test]
    fn somebody_new_can_still_choose_a_username() {
        let identity = json!({ "issuer": "https://id.example", "subject": "1", "label": "robin" });
        let session = read(json!({ "newcomer": {
            "provider": "p", "identity": identity, "username": "robin", "name": null, "at": 5,
        }}));
        assert_eq!(session.pending_sign_up(Timestamp(6)).unwrap().identity.subject, "1");
    }

    #[test]
    fn a_session_without_a_handle_is_ended_by_its_key() {
        let session = read(json!({
            "account": ACCOUNT, "sign_in": { "how": "password", "browser": "Chrome", "at": 5 },
        }));
        assert_eq!(session.signed_in().unwrap().handle, "key");
    }
}

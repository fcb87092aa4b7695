//! Every address of the shop, declared once.
//!
//! [`Route`] is what the router matches, [`Path`] one address with its parameters filled in:
//! for links, forms and redirects. Routes and pages are chosen by an exhaustive `match`, so an
//! address that is added here and nowhere else does not compile; and a test of the server asks
//! every address for what it is there for, so one that is added half fails.

use std::fmt;

use super::{Next, next::escaped};

/// The path that all server functions are below.
pub const FUNCTIONS: &str = "/api";
/// The path that all illustrations are below.
pub const IMAGES: &str = "/images";
/// The icon of this shop, for browsers and their passkey managers.
pub const ICON: &str = "/favicon.svg";

/// The parts of the account's page that others lead to, as [`Route::part`] takes them.
pub const PASSKEYS: &str = "passkeys";
pub const PROVIDERS: &str = "providers";
pub const SESSIONS: &str = "sessions";

macro_rules! addresses {
    ($($(#[$doc:meta])* $name:ident $({ $($part:ident),+ })? = $pattern:literal,)*) => {
        /// A kind of address, whatever its parameters are: what the router matches.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Route { $($(#[$doc])* $name,)* }

        /// One address of this shop, with its parameters: where a link, a form or a redirect
        /// leads.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Path { $($(#[$doc])* $name $({ $($part: String),+ })?,)* }

        impl Route {
            /// Every kind of address, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The address as the router reads it, with parameters in braces: `/orders/{number}`.
            #[inline(always)] // so that the wasm holds those that it names, and not all
            #[must_use]
            pub const fn pattern(self) -> &'static str {
                match self { $(Self::$name => $pattern,)* }
            }
        }

        impl Path {
            /// What kind of address this is.
            #[must_use]
            pub const fn route(&self) -> Route {
                match self { $(Self::$name $({ $($part: _),+ })? => Route::$name,)* }
            }

            /// The address that a path (without a query) spells; nothing where it is none of ours.
            #[must_use]
            pub fn parse(path: &str) -> Option<Self> {
                $(if let Some(parts) = matched($pattern, path) {
                    #[allow(unused_mut, unused_variables, reason = "most have no parameters")]
                    let mut parts = parts.into_iter();
                    return Some(Self::$name $({ $($part: parts.next()?),+ })?);
                })*
                None
            }

            fn parts(&self) -> Vec<&str> {
                match self { $(Self::$name $({ $($part),+ })? => vec![$($($part.as_str()),+)?],)* }
            }
        }
    };
}

addresses! {
    // The shop
    Catalogue = "/",
    Product { slug } = "/products/{slug}",
    Cart = "/cart",
    Checkout = "/checkout",
    Order { number } = "/orders/{number}",

    // Signing in and up
    SignIn = "/sign-in",
    SignUp = "/sign-up",
    OneButton = "/one-button",
    SecondFactor = "/second-factor",
    Recover = "/recover",
    SignOut = "/sign-out",
    /// A sign-out, after a sign-in that nobody asked for: the cart comes back.
    UndoSignIn = "/sign-out/undo",
    /// A reauthentication, before a change of how the account is signed in to.
    Confirm = "/confirm",
    BrowserSupport = "/browser-support",

    // With a provider (OpenID Connect)
    /// Choosing a username, for somebody new whom a provider vouches for.
    SignUpWithProvider = "/sign-up/provider",
    /// Where a page's script asks for the way to the provider that a browser remembers by its
    /// origin (Credential Management L1 §4).
    FederationAt = "/federated",
    FederationStart { provider } = "/federated/{provider}",
    FederationCallback { provider } = "/federated/{provider}/callback",
    /// Where a page's script gets a nonce for the provider's token (FedCM).
    FederationNonce { provider } = "/federated/{provider}/nonce",
    /// Where a page's script brings the provider's token (FedCM).
    FederationToken { provider } = "/federated/{provider}/token",
    ConfirmWithProvider { provider } = "/confirm/{provider}",
    /// On to a provider, after a form; only ever shown as the answer to one.
    Leaving = "/leaving",

    // The account
    Account = "/account",
    AccountName = "/account/name",
    NewPasskey = "/account/passkeys/new",
    PasskeyName { id } = "/account/passkeys/{id}/name",
    DeletePasskey { id } = "/account/passkeys/{id}/delete",
    Password = "/account/password",
    AccountSecondFactor = "/account/second-factor",
    RecoveryCodes = "/account/recovery-codes",
    /// After a new password: what else opens the account, and whether all of it is the owner's.
    Review = "/account/review",
    EndOtherSessions = "/account/sessions/end-others",
    EndSession { id } = "/account/sessions/{id}/end",
    AutomaticSignIn = "/account/automatic",
    LinkProvider { provider } = "/account/providers/{provider}/link",
    UnlinkIdentity { id } = "/account/identities/{id}/unlink",
    SecurityEvent { id } = "/account/events/{id}",
    /// "Not now", to the offer of a passkey.
    DismissOffer = "/account/offer/dismiss",
    DeleteAccount = "/account/delete",
    Goodbye = "/goodbye",

    // For programs
    /// Where password managers send people who are to change their password (A Well-Known URL for
    /// Changing Passwords).
    ChangePassword = "/.well-known/change-password",
    /// Where passkeys are created and managed, for passkey managers (Passkey Endpoints).
    PasskeyEndpoints = "/.well-known/passkey-endpoints",
    /// The origins that may use this shop's passkeys (WebAuthn L3 §5.11).
    RelatedOrigins = "/.well-known/webauthn",
    /// Where browsers say what a page's policy has kept out (Reporting API).
    PolicyReports = "/policy-reports",
}

impl Route {
    /// An address without parameters, and where to go on from there: `/sign-in?next=/cart`.
    #[inline(always)]
    #[must_use]
    pub fn with_next(self, next: &Next) -> String {
        and_next(self.pattern(), next)
    }

    /// A part of the page at an address without parameters: `/account#passkeys`.
    #[inline(always)]
    #[must_use]
    pub fn part(self, id: &str) -> String {
        self.pattern().to_owned() + "#" + id
    }
}

impl Path {
    /// The page of a product.
    #[must_use]
    pub fn product(slug: &str) -> Self {
        Self::Product { slug: slug.to_owned() }
    }

    /// The page of an order.
    #[must_use]
    pub fn order(number: &str) -> Self {
        Self::Order { number: number.to_owned() }
    }

    /// This address, and where to go on from there: `/sign-in?next=/cart`.
    #[must_use]
    pub fn with_next(&self, next: &Next) -> String {
        and_next(&self.to_string(), next)
    }

    /// Whether the page there only leads on to somewhere else, or away: nobody is sent back to it.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self.stay(), Stay::Passing)
    }

    /// Whether this is the address of the account's page, or of one of those around it.
    #[must_use]
    pub fn is_account(&self) -> bool {
        self.route().pattern().starts_with(Route::Account.pattern())
    }

    /// Whether the offer of a passkey would be in the way on the page there: a passkey is being
    /// asked for or created, or something is shown only once.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self.stay(), Stay::Passing | Stay::Busy)
    }

    /// Every [`Route`] is here, or this does not compile.
    const fn stay(&self) -> Stay {
        match self.route() {
            Route::SignIn
            | Route::SignUp
            | Route::SignUpWithProvider
            | Route::OneButton
            | Route::Recover
            | Route::SecondFactor
            | Route::Confirm
            | Route::ConfirmWithProvider
            | Route::Goodbye
            | Route::Leaving
            | Route::FederationAt
            | Route::FederationStart
            | Route::FederationCallback
            | Route::FederationNonce
            | Route::FederationToken => Stay::Passing,

            Route::NewPasskey | Route::RecoveryCodes | Route::Review => Stay::Busy,

            Route::Catalogue
            | Route::Product
            | Route::Cart
            | Route::Checkout
            | Route::Order
            | Route::SignOut
            | Route::UndoSignIn
            | Route::BrowserSupport
            | Route::Account
            | Route::AccountName
            | Route::PasskeyName
            | Route::DeletePasskey
            | Route::Password
            | Route::AccountSecondFactor
            | Route::EndOtherSessions
            | Route::EndSession
            | Route::AutomaticSignIn
            | Route::LinkProvider
            | Route::UnlinkIdentity
            | Route::SecurityEvent
            | Route::DismissOffer
            | Route::DeleteAccount
            | Route::ChangePassword
            | Route::PasskeyEndpoints
            | Route::RelatedOrigins
            | Route::PolicyReports => Stay::Open,
        }
    }
}

/// What somebody at an address is there for.
enum Stay {
    /// To be led on to somewhere else, or away.
    Passing,
    /// For a passkey, or for something that is shown only once.
    Busy,
    /// For the page itself, which can be left and come back to.
    Open,
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.parts().into_iter();
        let mut rest = self.route().pattern();
        while let Some((before, after)) = rest.split_once('{') {
            f.write_str(before)?;
            f.write_str(&escaped(parts.next().unwrap_or_default()).replace('/', "%2F"))?;
            rest = after.split_once('}').map_or("", |(_, rest)| rest);
        }
        f.write_str(rest)
    }
}

impl From<Path> for String {
    fn from(path: Path) -> Self {
        path.to_string()
    }
}

impl From<Path> for Next {
    fn from(path: Path) -> Self {
        Self::parse(&path.to_string())
    }
}

fn and_next(address: &str, next: &Next) -> String {
    format!("{address}?next={}", escaped(next.as_str()))
}

/// The parameters of `path`, unescaped, if it has the form of `pattern`.
fn matched(pattern: &str, path: &str) -> Option<Vec<String>> {
    let (mut patterns, mut segments) = (pattern.split('/'), path.split('/'));
    let mut parts = vec![];
    loop {
        match (patterns.next(), segments.next()) {
            (None, None) => return Some(parts),
            (Some(pattern), Some(segment)) if pattern.starts_with('{') && !segment.is_empty() => {
                parts.push(unescaped(segment)?);
            }
            (Some(pattern), Some(segment)) if pattern == segment => {}
            _ => return None,
        }
    }
}

/// The text that [`escaped`] wrote; `None` where it is not UTF-8.
fn unescaped(text: &str) -> Option<String> {
    let hex = |digits: &[u8]| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok();
    let (mut bytes, mut rest) = (vec![], text.as_bytes());
    while let [first, after @ ..] = rest {
        let escaped = if *first == b'%' { after.get(..2).and_then(hex) } else { None };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_found_again() {
        for route in Route::ALL {
            let text = route.pattern().replace(['{', '}'], "");
            let path = Path::parse(&text).expect(&text);
            assert_eq!((path.route(), path.to_string()), (*route, text));
        }
    }

    #[test]
    fn a_parameter_cannot_leave_its_segment() {
        let path = Path::product("a/b?c=d#é%");
        assert_eq!(path.to_string(), "/products/a%2Fb%3Fc%3Dd%23%C3%A9%25");
        assert_eq!(Path::parse(&path.to_string()), Some(path));
    }

    #[test]
    fn other_addresses_are_none_of_ours() {
        for other in ["", "/cart/", "/products/", "/products", "//cart", "/products/%FF", "/x"] {
            assert_eq!(Path::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_way_on_survives_in_a_query() {
        let (checkout, odd) = (Next::from(Path::Checkout), Next::parse("/a?b=c&d#%C3%A9"));
        assert_eq!(Path::SignIn.with_next(&checkout), "/sign-in?next=/checkout");
        assert_eq!(Path::SignUp.with_next(&odd), "/sign-up?next=/a%3Fb%3Dc%26d%23%25C3%25A9");
    }
}

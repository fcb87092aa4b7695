//! Pages as a visitor gets them, with a fake of the server behind them.
//!
//! A test says what the server knows, as a [`Fake`], asks for an address as a browser would, and
//! looks at what a person would notice: see [`Html`].

mod html;
pub(crate) mod samples;

use std::{fmt::Display, sync::Arc};

use any_spawner::Executor;
use async_trait::async_trait;
use axum::{
    body::{Body, to_bytes},
    http::{Request, Uri, header::LOCATION},
};
use leptos::prelude::*;

pub(crate) use html::Html;

use crate::{
    PageRequest,
    api::{
        self, Account, AccountName, AccountService, Added, Cart, Checkout, Code, FederationService,
        FormOutcome, Options, Order, Product, PublicError, ReauthenticationWays, Review,
        SecurityEvent, ShopService, SignInOutcome, SignInService, SignUpSuggestion, Visitor,
    },
    shell,
};

/// What the server knows. It answers pages with that, and refuses as the server would.
#[derive(Clone, Default)]
pub(crate) struct Fake {
    /// Who is looking. The name comes from the account, the number of pieces from the cart.
    pub visitor: Visitor,
    pub products: Vec<Product>,
    pub cart: Cart,
    pub orders: Vec<Order>,
    /// The account that is signed in.
    pub account: Option<Account>,
    /// What opens it beside its password.
    pub review: Review,
    /// Whether its owner has just proved to be there.
    pub reauthenticated: bool,
    /// Whether an account waits for its second factor.
    pub awaits_second_factor: bool,
    /// Somebody new whom a provider vouches for.
    pub pending_sign_up: Option<SignUpSuggestion>,
    /// Everything that a page asks goes wrong with this.
    pub trouble: Option<Code>,
}

/// What came back.
pub(crate) struct Answer {
    pub status: u16,
    pub location: Option<String>,
    pub document: Html,
}

impl Fake {
    /// With this account signed in, and its owner just proved to be there.
    pub(crate) fn of(account: Account) -> Self {
        Self { account: Some(account), reauthenticated: true, ..Self::default() }
    }

    /// The page at an address.
    pub(crate) async fn get(&self, address: impl Display) -> Answer {
        self.answer(address, FormOutcome::default(), None).await
    }

    /// The page that a form brought back.
    pub(crate) async fn posted(&self, address: impl Display, outcome: FormOutcome) -> Answer {
        self.answer(address, outcome, None).await
    }

    /// What stands in place of the page at an address.
    pub(crate) async fn refused(&self, address: impl Display, refusal: Code) -> Answer {
        self.answer(address, FormOutcome::default(), Some(refusal.into())).await
    }

    /// The content of the page at an address, which has to be there.
    pub(crate) async fn shows(&self, address: impl Display) -> Html {
        self.get(address).await.main()
    }

    async fn answer(
        &self,
        address: impl Display,
        outcome: FormOutcome,
        refusal: Option<PublicError>,
    ) -> Answer {
        // Another test may have done it.
        let _ = Executor::init_tokio();
        let uri: Uri = address.to_string().parse().expect("an address");
        let page = PageRequest { refusal, ..PageRequest::new(&uri, self.visitor(), outcome) };
        let fake = Arc::new(self.clone());
        let context = move || {
            provide_context(page.clone());
            provide_context::<Arc<dyn SignInService>>(fake.clone());
            provide_context::<Arc<dyn FederationService>>(fake.clone());
            provide_context::<Arc<dyn AccountService>>(fake.clone());
            provide_context::<Arc<dyn ShopService>>(fake.clone());
        };
        let options = LeptosOptions::builder().output_name("latchkey").build();
        let document = move || shell(options.clone());
        let render = leptos_axum::render_app_async_with_context(context, document);
        let request = Request::builder().uri(uri).body(Body::empty()).expect("a request");
        let (head, body) = render(request).await.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a whole page");
        let location = head.headers.get(LOCATION).map(|to| to.to_str().expect("text").to_owned());
        let document = Html::new(str::from_utf8(&body).expect("text"));
        Answer { status: head.status.as_u16(), location, document }
    }

    fn visitor(&self) -> Visitor {
        let account = self.account.as_ref().map(|account| account.name.clone());
        let cart_count = self.cart.lines.iter().map(|line| line.quantity).sum();
        Visitor { account, cart_count, ..self.visitor.clone() }
    }

    fn signed_in(&self) -> api::Result<&Account> {
        self.works()?;
        self.account.as_ref().ok_or(Code::SignInRequired.into())
    }

    fn works(&self) -> api::Result<()> {
        self.trouble.map_or(Ok(()), |trouble| Err(trouble.into()))
    }
}

impl Answer {
    /// The content of the page, where the answer is one.
    #[track_caller]
    pub(crate) fn main(&self) -> Html {
        assert_eq!((self.status, self.location.as_deref()), (200, None));
        self.document.first("main")
    }

    #[track_caller]
    pub(crate) fn leads_to(&self, address: impl Display) {
        assert_eq!((self.status, self.location.clone()), (303, Some(address.to_string())));
    }
}

/// A form that was refused: what had been entered, and what was wrong with what.
pub(crate) fn outcome(values: &[(&str, &str)], errors: &[(&str, &str)]) -> FormOutcome {
    let owned = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    };
    FormOutcome { values: owned(values), errors: owned(errors) }
}

/// No page begins or ends a ceremony: that is for the page's script.
fn ceremony() -> ! {
    panic!("a page has begun a ceremony")
}

#[async_trait]
impl ShopService for Fake {
    async fn catalogue(&self) -> api::Result<Vec<Product>> {
        self.works()?;
        Ok(self.products.clone())
    }

    async fn product(&self, slug: &str) -> api::Result<Product> {
        self.works()?;
        let product = self.products.iter().find(|product| product.slug == slug);
        product.cloned().ok_or(Code::NotFound.into())
    }

    async fn cart(&self) -> api::Result<Cart> {
        self.works()?;
        Ok(self.cart.clone())
    }

    async fn checkout(&self) -> api::Result<Checkout> {
        let name = self.signed_in()?.name.display_name.clone();
        Ok(Checkout { cart: self.cart.clone(), name, placement: "placement".to_owned() })
    }

    async fn order(&self, number: &str) -> api::Result<Order> {
        self.signed_in()?;
        let order = self.orders.iter().find(|order| order.number == number);
        order.cloned().ok_or(Code::NotFound.into())
    }
}

#[async_trait]
impl AccountService for Fake {
    async fn account(&self) -> api::Result<Account> {
        self.signed_in().cloned()
    }

    async fn account_to_change(&self) -> api::Result<Account> {
        let account = self.signed_in()?;
        if self.reauthenticated { Ok(account.clone()) } else { Err(Code::ProofRequired.into()) }
    }

    async fn review(&self) -> api::Result<Review> {
        self.account_to_change().await?;
        Ok(self.review.clone())
    }

    async fn security_event(&self, id: &str) -> api::Result<SecurityEvent> {
        let event = self.signed_in()?.events.iter().find(|event| event.id == id);
        event.cloned().ok_or(Code::NotFound.into())
    }

    async fn start_addition(&self, _: bool, _: bool) -> api::Result<Option<Options>> {
        ceremony()
    }

    async fn finish_addition(&self, _: &str, _: bool) -> api::Result<Added> {
        ceremony()
    }

    async fn knows_passkey(&self, _: &str) -> api::Result<bool> {
        ceremony()
    }

    async fn dismiss_offer(&self) -> api::Result<()> {
        ceremony()
    }

    async fn signalled(&self, _: &str, _: i64) -> api::Result<()> {
        ceremony()
    }
}

#[async_trait]
impl SignInService for Fake {
    async fn start_sign_in(&self) -> api::Result<Options> {
        ceremony()
    }

    async fn finish_sign_in(&self, _: &str) -> api::Result<SignInOutcome> {
        ceremony()
    }

    async fn start_sign_up(&self, _: &AccountName) -> api::Result<Options> {
        ceremony()
    }

    async fn finish_sign_up(&self, _: &AccountName, _: &str) -> api::Result<SignInOutcome> {
        ceremony()
    }

    async fn ways_to_reauthenticate(&self) -> api::Result<ReauthenticationWays> {
        let account = self.signed_in()?;
        let linked = |name: &str| account.identities.iter().any(|card| card.provider == name);
        let providers = self.visitor.providers.iter();
        Ok(ReauthenticationWays {
            passkey: !account.passkeys.is_empty(),
            password: account.has_password,
            providers: providers.filter(|provider| linked(&provider.name)).cloned().collect(),
        })
    }

    async fn start_reauthentication(&self) -> api::Result<Options> {
        ceremony()
    }

    async fn finish_reauthentication(&self, _: &str) -> api::Result<()> {
        ceremony()
    }

    async fn awaits_second_factor(&self) -> api::Result<()> {
        self.works()?;
        if self.awaits_second_factor { Ok(()) } else { Err(Code::SignInRequired.into()) }
    }
}

#[async_trait]
impl FederationService for Fake {
    async fn pending_sign_up(&self) -> api::Result<SignUpSuggestion> {
        self.works()?;
        self.pending_sign_up.clone().ok_or(Code::SignInRequired.into())
    }
}

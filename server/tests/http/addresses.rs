//! Every address does what it is there for, and nothing else.

use app::api::Route;
use latchkey::store::{CartOwner, Placement};

use crate::support::{
    authenticator::Authenticator,
    on_both,
    store::{MAT, NOW, place},
    town::Town,
};

/// What is at an address.
#[derive(Clone, Copy)]
enum Kind {
    /// Something to look at, or a way on.
    Page,
    /// What forms or programs post to.
    Form,
    PageAndForm,
    /// Only ever the answer to a form.
    Answer,
}

fn kind(route: Route) -> Kind {
    match route {
        Route::Catalogue
        | Route::Product
        | Route::Order
        | Route::OneButton
        | Route::BrowserSupport
        | Route::FederationStart
        | Route::FederationCallback
        | Route::Account
        | Route::NewPasskey
        | Route::SecurityEvent
        | Route::Goodbye
        | Route::ChangePassword
        | Route::PasskeyEndpoints
        | Route::RelatedOrigins => Kind::Page,

        Route::SignOut
        | Route::UndoSignIn
        | Route::FederationAt
        | Route::FederationNonce
        | Route::FederationToken
        | Route::ConfirmWithProvider
        | Route::DismissOffer
        | Route::PolicyReports => Kind::Form,

        Route::Cart
        | Route::Checkout
        | Route::SignIn
        | Route::SignUp
        | Route::SecondFactor
        | Route::Recover
        | Route::Confirm
        | Route::SignUpWithProvider
        | Route::AccountName
        | Route::PasskeyName
        | Route::DeletePasskey
        | Route::Password
        | Route::Review
        | Route::AccountSecondFactor
        | Route::RecoveryCodes
        | Route::EndOtherSessions
        | Route::EndSession
        | Route::AutomaticSignIn
        | Route::LinkProvider
        | Route::UnlinkIdentity
        | Route::DeleteAccount => Kind::PageAndForm,

        Route::Leaving => Kind::Answer,
    }
}

#[on_both]
async fn every_address_does_what_it_is_there_for(town: Town) {
    let (mut member, mut passkey) = (town.member("robin").await, Authenticator::new());
    member.add(&mut passkey).await.expect_status(200);
    let (shop, store) = (&town.shop, &town.shop.store);
    let account = shop.account("robin").await;
    store.set_quantity(&CartOwner::Account(account), MAT, 1, NOW).await.unwrap();
    let Placement::Placed(order) = place(store, account, "first").await else { panic!() };
    let event = store.events_of(account, "").await.unwrap()[0].id.clone();
    let identity = town.identities("robin").await[0].id.clone();

    for route in Route::ALL {
        let part = match route {
            Route::Product => MAT,
            Route::Order => &order,
            Route::PasskeyName | Route::DeletePasskey => &passkey.id(),
            Route::SecurityEvent => &event,
            Route::UnlinkIdentity => &identity,
            _ => "acorn",
        };
        let parts: Vec<_> = route.pattern().split(['{', '}']).collect();
        let path = match parts[..] {
            [before, _, after] => format!("{before}{part}{after}"),
            _ if *route == Route::FederationAt => {
                format!("/federated?origin={}", town.acorn.issuer)
            }
            _ => route.pattern().to_owned(),
        };
        let (is_page, is_form) = match kind(*route) {
            Kind::Page => (Ok(()), Err(405)),
            Kind::Form => (Err(405), Ok(())),
            Kind::PageAndForm => (Ok(()), Ok(())),
            Kind::Answer => (Err(404), Err(405)),
        };
        // Of a visitor who is signed in, and of one who is not: nothing is changed.
        let looked = member.clone().get(&path).await;
        let posted = shop.visitor().post(&path, &[]).await;
        for (answer, expected) in [(looked, is_page), (posted, is_form)] {
            let there = match answer.status.as_u16() {
                status @ (404 | 405 | 500..) => Err(status),
                _ => Ok(()),
            };
            assert_eq!(there, expected, "{path}");
        }
    }
}

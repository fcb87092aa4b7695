//! Which request goes where.

use app::api::{Code, Route, paths};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{Extensions, HeaderMap, StatusCode, Version, header::CONTENT_TYPE},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, Predicate},
    },
};

use super::{
    account, assets,
    error::Refused,
    federation, functions,
    middleware::{guard, log, login_status, session},
    policy_reports,
    render::{self, page},
    shop, sign_in, well_known,
};
use crate::{error::internal, state::State};

/// What answers an address. Every [`Route`] has its line, or this does not compile.
fn methods(route: Route) -> MethodRouter<State> {
    match route {
        Route::Catalogue | Route::Product | Route::Order => get(page),
        Route::Cart => get(page).post(shop::change_cart),
        Route::Checkout => get(page).post(shop::place_order),

        Route::OneButton | Route::BrowserSupport | Route::Goodbye => get(page),
        Route::SignIn => get(page).post(sign_in::sign_in),
        Route::SignUp => get(page).post(sign_in::sign_up),
        Route::SecondFactor => get(page).post(sign_in::second_factor),
        Route::Recover => get(page).post(sign_in::recover),
        Route::SignOut => post(sign_in::sign_out),
        Route::UndoSignIn => post(sign_in::undo),
        Route::Confirm => get(page).post(sign_in::confirm),

        Route::SignUpWithProvider => get(page).post(federation::sign_up),
        Route::FederationAt => post(federation::start_at),
        Route::FederationStart => get(federation::start),
        Route::FederationCallback => get(federation::callback),
        Route::FederationNonce => post(federation::start_token),
        Route::FederationToken => post(federation::finish_token),
        Route::ConfirmWithProvider => post(federation::confirm),
        // Only ever the answer to a form: there is no such page.
        Route::Leaving => get(page),

        Route::Account | Route::NewPasskey | Route::SecurityEvent => get(page),
        Route::AccountName => get(account::back).post(account::rename),
        Route::PasskeyName => get(account::back).post(account::rename_passkey),
        Route::DeletePasskey => get(page).post(account::delete_passkey),
        Route::Password => get(page).post(account::change_password),
        Route::AccountSecondFactor => get(page).post(account::set_second_factor),
        Route::RecoveryCodes => get(page).post(account::make_recovery_codes),
        Route::Review => get(page).post(account::review),
        Route::EndOtherSessions => get(account::back).post(account::end_other_sessions),
        Route::EndSession => get(account::back).post(account::end_session),
        Route::AutomaticSignIn => get(account::back).post(account::set_automatic),
        Route::LinkProvider => get(account::back).post(federation::link),
        Route::UnlinkIdentity => get(page).post(federation::unlink),
        Route::DismissOffer => post(account::dismiss_offer),
        Route::DeleteAccount => get(page).post(account::delete),

        Route::ChangePassword => get(well_known::change_password),
        Route::PasskeyEndpoints => get(well_known::passkey_endpoints),
        Route::RelatedOrigins => get(well_known::related_origins),
        Route::PolicyReports => post(policy_reports::log),
    }
}

/// The whole shop.
pub fn router(state: State) -> Router {
    // Leptos renders with tasks of its own; an executor that is there already is
    // the same one.
    let _ = any_spawner::Executor::init_tokio();

    let addresses = Route::ALL
        .iter()
        .fold(Router::new(), |router, route| router.route(route.pattern(), methods(*route)));
    // Read from the inside out: the last layer is the first to see a request.
    let pages = addresses
        .route(&format!("{}/{{*function}}", paths::FUNCTIONS), post(functions::call))
        .fallback(page)
        .method_not_allowed_fallback(|| async { Refused::from(Code::MethodNotAllowed) })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(state.clone(), login_status::tell))
        // The session is loaded once, and not before the body is here: whoever takes an hour to
        // send it may have been shut out meanwhile.
        .layer(from_fn(guard::limit_body))
        .layer(from_fn_with_state(state.clone(), guard::refuse_cross_site))
        .layer(from_fn_with_state(state.clone(), render::show_refusals))
        .layer(from_fn_with_state(state.clone(), session::manage))
        .layer(from_fn(guard::refuse_pathless));

    assets::routes(&state)
        .merge(pages)
        .layer(from_fn_with_state(state.clone(), guard::security_headers))
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(is_worth_it)))
        .layer(from_fn_with_state(state.clone(), log::request))
        .with_state(state)
}

/// The wasm of a debug build is large, and compressing it takes longer than sending it to
/// the next process. That of a release is compressed by `cargo leptos build --precompress`.
fn is_worth_it(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let is_wasm = headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/wasm");
    !(cfg!(debug_assertions) && is_wasm)
}

fn panicked(cause: Box<dyn std::any::Any + Send>) -> Response {
    let text = cause.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or_default();
    Refused::from(internal(format!("a handler panicked: {text}"))).into_response()
}

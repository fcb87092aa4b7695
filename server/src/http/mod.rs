//! HTTP: which request goes where, and what every one of them passes through.

mod account;
mod api;
mod extract;
mod federated;
mod forms;
mod guard;
mod log;
mod login_status;
mod pages;
mod session;
mod well_known;

use app::api::{Code, PublicError};
use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequestParts},
    http::{
        Extensions, HeaderMap, HeaderValue, StatusCode, Version,
        header::{CACHE_CONTROL, CONTENT_TYPE, USER_AGENT},
        request::Parts,
    },
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, Predicate},
    },
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeaderLayer,
};
use tower_sessions::Session;

use crate::{Call, Server, Visit};

/// The largest body of a request, in bytes: no form and no message of a ceremony
/// comes near it.
pub const MAX_BODY: usize = 64 * 1024;

/// The whole store.
pub fn router(server: Server) -> Router {
    // Leptos renders with tasks of its own; an executor that is there already is
    // the same one.
    let _ = any_spawner::Executor::init_tokio();

    // Read from the inside out: the last layer is the first to see a request.
    let pages = Router::new()
        .route("/", get(pages::show))
        .route("/products/{slug}", get(pages::show))
        .route("/orders/{number}", get(pages::show))
        .route("/one-button", get(pages::show))
        .route("/browser-support", get(pages::show))
        .route("/cart", get(pages::show).post(forms::change_cart))
        .route("/checkout", get(pages::show).post(forms::place_order))
        .route("/sign-in", get(pages::show).post(forms::sign_in))
        .route("/sign-up", get(pages::show).post(forms::sign_up))
        .route("/sign-up/provider", get(pages::show).post(forms::sign_up_with_provider))
        .route("/federated", get(federated::start_at))
        .route("/federated/{provider}", get(federated::start))
        .route("/federated/{provider}/callback", get(federated::callback))
        .route("/federated/{provider}/nonce", post(federated::start_token))
        .route("/federated/{provider}/token", post(federated::finish_token))
        .route("/second-factor", get(pages::show).post(forms::second_factor))
        .route("/recover", get(pages::show).post(forms::recover))
        .route(session::SIGN_OUT, post(forms::sign_out))
        .route("/goodbye", get(pages::show))
        .route("/confirm", get(pages::show).post(account::confirm))
        .route("/confirm/{provider}", post(account::confirm_with_provider))
        .route("/account", get(pages::show))
        .route("/account/name", get(account::back).post(account::rename))
        .route("/account/passkeys/new", get(pages::show))
        .route("/account/passkeys/{id}/name", get(account::back).post(account::rename_passkey))
        .route("/account/passkeys/{id}/delete", get(pages::show).post(account::delete_passkey))
        .route("/account/password", get(pages::show).post(account::change_password))
        .route("/account/second-factor", get(pages::show).post(account::set_second_factor))
        .route("/account/recovery-codes", get(pages::show).post(account::make_recovery_codes))
        .route("/account/sessions/end-others", post(account::end_other_sessions))
        .route("/account/sessions/{id}/end", post(account::end_session))
        .route("/account/automatic", get(account::back).post(account::set_automatic))
        .route("/account/providers/{provider}/link", get(account::back).post(account::link))
        .route("/account/identities/{id}/unlink", get(pages::show).post(account::unlink))
        .route("/account/events/{id}", get(pages::show))
        .route("/account/offer/dismiss", post(account::dismiss_offer))
        .route("/account/delete", get(pages::show).post(account::delete))
        .route("/.well-known/change-password", get(well_known::change_password))
        .route("/.well-known/passkey-endpoints", get(well_known::passkey_endpoints))
        .route("/.well-known/webauthn", get(well_known::webauthn))
        .route("/api/{*function}", post(api::call))
        .fallback(pages::show)
        .method_not_allowed_fallback(|| async { Refused(Code::NotFound.into()) })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(server.clone(), login_status::tell))
        // The session is loaded once, and not before the body is here: whoever takes an hour to
        // send it may have been shut out meanwhile.
        .layer(from_fn(guard::limit_body))
        .layer(from_fn_with_state(server.clone(), guard::refuse_cross_site))
        .layer(from_fn_with_state(server.clone(), pages::show_refusals))
        .layer(session::layer(&server))
        .layer(from_fn(session::secure_removal));

    assets(&server)
        .merge(pages)
        .layer(from_fn_with_state(server.clone(), guard::security_headers))
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(is_worth_it)))
        .layer(from_fn(log::request))
        .with_state(server)
}

impl FromRequestParts<Server> for Call {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Refused> {
        let session = Session::from_request_parts(parts, server).await;
        let session = session.map_err(|_| crate::internal("no session layer"))?;
        let user_agent = parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        let user_agent = user_agent.unwrap_or_default().to_owned();
        let by_hand = login_status::by_hand(parts);
        Ok(Self { server: server.clone(), visit: Visit(session), user_agent, by_hand })
    }
}

/// What cargo-leptos built, and the illustrations. Their names stay the same when
/// they change, so browsers have to ask each time; the answer is mostly "304".
fn assets(server: &Server) -> Router<Server> {
    let site = server.leptos.site_root.to_string();
    let package = format!("/{}", server.leptos.site_pkg_dir);
    Router::new()
        .nest_service("/images", ServeDir::new(format!("{site}/images")))
        .nest_service(&package, ServeDir::new(format!("{site}{package}")).precompressed_br())
        .route_service("/favicon.svg", ServeFile::new(format!("{site}/favicon.svg")))
        .layer(SetResponseHeaderLayer::if_not_present(
            CACHE_CONTROL,
            HeaderValue::from_static("no-cache"),
        ))
}

/// The wasm of a debug build is large, and compressing it takes longer than sending it to
/// the next process. That of a release is compressed by `cargo leptos build --precompress`.
fn is_worth_it(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let is_wasm = headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/wasm");
    !(cfg!(debug_assertions) && is_wasm)
}

/// A refusal on its way out: JSON for a program; [`pages::show_refusals`] makes a
/// page of it for a person.
#[derive(Clone, Debug)]
pub struct Refused(PublicError);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = axum::Json(&self.0).into_response();
        let mut response = (status(self.0.code), body).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<PublicError> for Refused {
    fn from(error: PublicError) -> Self {
        Self(error)
    }
}

fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Refused(crate::internal("a handler panicked")).into_response()
}

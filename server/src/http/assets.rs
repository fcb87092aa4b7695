//! Where [`Assets`](crate::assets::Assets) are.

use app::api::paths::{ICON, IMAGES};
use axum::{
    Router, extract,
    http::{HeaderMap, HeaderValue, Uri, header::CACHE_CONTROL},
    response::Response,
    routing::get,
};
use leptos::config::Env;
use tower_http::{
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeaderLayer,
};

use crate::state::State;

pub(super) fn routes(state: &State) -> Router<State> {
    let package = app::package(&state.leptos);
    let site = &state.leptos.site_root;
    let router = if state.leptos.env == Env::DEV {
        Router::new()
            .nest_service(IMAGES, ServeDir::new(format!("{site}{IMAGES}")))
            .nest_service(&package, ServeDir::new(format!("{site}{package}")))
            .route_service(ICON, ServeFile::new(format!("{site}{ICON}")))
    } else {
        Router::new()
            .route(&format!("{IMAGES}/{{*file}}"), get(asset))
            .route(&format!("{package}/{{*file}}"), get(asset))
            .route(ICON, get(asset))
    };
    router.layer(SetResponseHeaderLayer::if_not_present(
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache"),
    ))
}

async fn asset(
    extract::State(state): extract::State<State>,
    uri: Uri,
    asked: HeaderMap,
) -> Response {
    state.assets.answer(uri.path(), &asked)
}

//! What cargo-leptos built, and the illustrations.
//!
//! They are read once, at the start: no file stays open while somebody takes their time with it, and
//! an answer waits for no disk. Only `cargo leptos watch` changes them under a running shop, which
//! then reads them each time.

use std::{collections::HashMap, fs, io, path::Path, sync::Arc};

use app::api::paths::{ICON, IMAGES};
use axum::{
    Router,
    body::Bytes,
    http::{
        HeaderMap, HeaderValue, StatusCode, Uri,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
            VARY,
        },
    },
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use leptos::config::{Env, LeptosOptions};
use sha2::{Digest, Sha256};
use tower_http::{
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeaderLayer,
};

/// By their paths.
#[derive(Debug, Default)]
struct Assets(HashMap<String, Asset>);

#[derive(Debug)]
struct Asset {
    kind: HeaderValue,
    tag: HeaderValue,
    plain: Bytes,
    /// As `cargo leptos build --precompress` made it.
    brotli: Option<Bytes>,
}

/// Their names stay the same when they change, so browsers have to ask each time; the answer is
/// mostly "304".
pub(super) fn routes<S: Clone + Send + Sync + 'static>(options: &LeptosOptions) -> Router<S> {
    let package = app::package(options);
    let site = options.site_root.to_string();
    let router = if options.env == Env::DEV {
        Router::new()
            .nest_service(IMAGES, ServeDir::new(format!("{site}{IMAGES}")))
            .nest_service(&package, ServeDir::new(format!("{site}{package}")))
            .route_service(ICON, ServeFile::new(format!("{site}{ICON}")))
    } else {
        let assets = Arc::new(Assets::read(Path::new(&site), &[IMAGES, &package, ICON]));
        let asset = get(move |uri: Uri, headers: HeaderMap| async move {
            assets.answer(uri.path(), &headers)
        });
        Router::new()
            .route(&format!("{IMAGES}/{{*file}}"), asset.clone())
            .route(&format!("{package}/{{*file}}"), asset.clone())
            .route(ICON, asset)
    };
    router.layer(SetResponseHeaderLayer::if_not_present(
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache"),
    ))
}

impl Assets {
    /// What is at these paths of a site, and below. What cannot be read is not there.
    fn read(site: &Path, paths: &[&str]) -> Self {
        let mut assets = Self::default();
        for path in paths {
            assets.add_all(site, path);
        }
        assets
    }

    fn add_all(&mut self, site: &Path, path: &str) {
        if let Err(error) = self.add(site, path) {
            tracing::warn!(%error, path, "an asset cannot be read");
        }
    }

    fn add(&mut self, site: &Path, path: &str) -> io::Result<()> {
        let file = site.join(path.trim_start_matches('/'));
        if file.is_dir() {
            for entry in fs::read_dir(file)? {
                self.add_all(site, &format!("{path}/{}", entry?.file_name().to_string_lossy()));
            }
        } else if !path.ends_with(".br") {
            let plain = fs::read(&file)?;
            let brotli = fs::read(format!("{}.br", file.display())).ok();
            let kind = mime_guess::from_path(path).first_or_octet_stream();
            let tag = BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(&plain)[..12]);
            let header = |text: String| HeaderValue::try_from(text).map_err(io::Error::other);
            let asset = Asset {
                kind: header(kind.to_string())?,
                // Weak: it is the same however it is compressed (RFC 9110 §8.8.1).
                tag: header(format!("W/\"{tag}\""))?,
                plain: plain.into(),
                brotli: brotli.map(Bytes::from),
            };
            self.0.insert(path.to_owned(), asset);
        }
        Ok(())
    }

    fn answer(&self, path: &str, asked: &HeaderMap) -> Response {
        let Some(asset) = self.0.get(path) else { return StatusCode::NOT_FOUND.into_response() };
        let has = asked.get(IF_NONE_MATCH).is_some_and(|tags| names(tags, asset.tag.as_bytes()));
        let takes = asked.get(ACCEPT_ENCODING).is_some_and(|codings| names(codings, b"br"));
        let mut response = match &asset.brotli {
            _ if has => StatusCode::NOT_MODIFIED.into_response(),
            Some(brotli) if takes => {
                let coding = [(CONTENT_ENCODING, "br")];
                (coding, brotli.clone()).into_response()
            }
            _ => asset.plain.clone().into_response(),
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, asset.kind.clone());
        headers.insert(ETAG, asset.tag.clone());
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        response
    }
}

/// Whether a list has this in it, alone: `br;q=0` says that it is not wanted.
fn names(list: &HeaderValue, one: &[u8]) -> bool {
    list.as_bytes().split(|byte| *byte == b',').any(|item| item.trim_ascii() == one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets() -> Assets {
        let site = tempfile::tempdir().unwrap();
        fs::create_dir_all(site.path().join("pkg/more")).unwrap();
        for (file, text) in [
            ("secret", "secret"),
            ("pkg/shop.wasm", "plain"),
            ("pkg/shop.wasm.br", "compressed"),
            ("pkg/more/a.svg", "<svg/>"),
        ] {
            fs::write(site.path().join(file), text).unwrap();
        }
        std::os::unix::fs::symlink("nowhere", site.path().join("pkg/.#a.svg")).unwrap();
        Assets::read(site.path(), &["/pkg", "/none.svg"])
    }

    fn ask(path: &str, headers: &[(&'static str, &str)]) -> (u16, HeaderMap) {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()));
        let answer = assets().answer(path, &headers.collect());
        (answer.status().as_u16(), answer.headers().clone())
    }

    #[test]
    fn an_asset_is_there_with_its_kind_and_not_what_lies_beside() {
        let (status, headers) = ask("/pkg/more/a.svg", &[]);
        assert_eq!(status, 200);
        assert_eq!(headers[CONTENT_TYPE], "image/svg+xml");
        let elsewhere = ["/pkg/../secret", "/secret", "/pkg", "/pkg/shop.wasm.br", "/none.svg"];
        for path in elsewhere {
            assert_eq!(ask(path, &[]).0, 404, "{path}");
        }
    }

    #[test]
    fn who_has_it_is_told_so() {
        let tag = ask("/pkg/shop.wasm", &[]).1[ETAG].to_str().unwrap().to_owned();
        for (asked, status) in
            [(tag.as_str(), 304), (&format!("\"other\", {tag}"), 304), ("W/\"other\"", 200)]
        {
            assert_eq!(ask("/pkg/shop.wasm", &[("if-none-match", asked)]).0, status, "{asked}");
        }
    }

    #[test]
    fn it_is_compressed_for_those_who_can_read_that() {
        for (asked, coding) in [("gzip, br", Some("br")), ("gzip", None), ("br;q=0", None)] {
            let (_, headers) = ask("/pkg/shop.wasm", &[("accept-encoding", asked)]);
            let found = headers.get(CONTENT_ENCODING).map(|coding| coding.to_str().unwrap());
            assert_eq!(found, coding, "{asked}");
            assert_eq!(headers[CONTENT_TYPE], "application/wasm");
        }
    }
}

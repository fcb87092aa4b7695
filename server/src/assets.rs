//! What cargo-leptos built, and the illustrations.
//!
//! They are read once, at the start: no file stays open while somebody takes their time with it, and
//! an answer waits for no disk. Pages name each with what is in it, so that a browser that has it
//! never asks again. Only `cargo leptos watch` changes them under a running shop, which then reads
//! them each time.

use std::{collections::HashMap, fs, io, path::Path, sync::Arc};

use app::AssetAddresses;
use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
            VARY,
        },
    },
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

#[derive(Debug, Default)]
pub struct Assets {
    /// By their paths, and by the addresses that pages have; with how long a browser keeps it.
    all: HashMap<String, (Arc<Asset>, &'static str)>,
    /// Where pages have them from.
    pub addresses: AssetAddresses,
}

#[derive(Debug)]
struct Asset {
    kind: HeaderValue,
    tag: HeaderValue,
    plain: Bytes,
    /// As `cargo leptos build --precompress` made them: what the browser best likes first.
    compressed: Vec<(&'static str, Bytes)>,
}

/// What is at a path may change; what is at an address that names it never does.
const ASKED_EACH_TIME: &str = "no-cache";
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// How what is compressed is called, and its file.
const CODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

impl Assets {
    /// What is at these paths of a site, and below. What cannot be read is not there.
    #[must_use]
    pub fn read(site: &Path, paths: &[&str]) -> Self {
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
        } else if !CODINGS.iter().any(|(_, ending)| path.ends_with(ending)) {
            let plain = fs::read(&file)?;
            let kind = mime_guess::from_path(path).first_or_octet_stream();
            let tag = BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(&plain)[..12]);
            let header = |text: String| HeaderValue::try_from(text).map_err(io::Error::other);
            let compressed = CODINGS.into_iter().filter_map(|(coding, ending)| {
                let bytes = fs::read(format!("{}{ending}", file.display())).ok()?;
                Some((coding, bytes.into()))
            });
            let asset = Arc::new(Asset {
                kind: header(kind.to_string())?,
                // Weak: it is the same however it is compressed (RFC 9110 §8.8.1).
                tag: header(format!("W/\"{tag}\""))?,
                compressed: compressed.collect(),
                plain: plain.into(),
            });
            if let Some(address) = named(path, &tag) {
                self.all.insert(address.clone(), (asset.clone(), FOR_GOOD));
                Arc::make_mut(&mut self.addresses.0).insert(path.to_owned(), address);
            }
            self.all.insert(path.to_owned(), (asset, ASKED_EACH_TIME));
        }
        Ok(())
    }

    pub fn answer(&self, path: &str, asked: &HeaderMap) -> Response {
        let Some((asset, kept)) = self.all.get(path) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let has = asked.get(IF_NONE_MATCH).is_some_and(|tags| names(tags, asset.tag.as_bytes()));
        let takes = |coding: &str| {
            asked.get(ACCEPT_ENCODING).is_some_and(|codings| names(codings, coding.as_bytes()))
        };
        let mut response = match asset.compressed.iter().find(|(coding, _)| takes(coding)) {
            _ if has => StatusCode::NOT_MODIFIED.into_response(),
            Some((coding, bytes)) => ([(CONTENT_ENCODING, *coding)], bytes.clone()).into_response(),
            None => asset.plain.clone().into_response(),
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, asset.kind.clone());
        headers.insert(ETAG, asset.tag.clone());
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
        response
    }
}

/// `/pkg/shop.js` is `/pkg/shop.<tag>.js` to browsers. What lies beside the pages, in no folder of
/// its own, has no other address.
fn named(path: &str, tag: &str) -> Option<String> {
    let (folder, file) = path.rsplit_once('/').filter(|(folder, _)| !folder.is_empty())?;
    let (name, kind) = file.rsplit_once('.')?;
    Some(format!("{folder}/{name}.{tag}.{kind}"))
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
            ("pkg/shop.wasm.gz", "less so"),
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
        for (asked, coding) in
            [("gzip, br", Some("br")), ("gzip", Some("gzip")), ("br;q=0", None), ("identity", None)]
        {
            let (_, headers) = ask("/pkg/shop.wasm", &[("accept-encoding", asked)]);
            let found = headers.get(CONTENT_ENCODING).map(|coding| coding.to_str().unwrap());
            assert_eq!(found, coding, "{asked}");
            assert_eq!(headers[CONTENT_TYPE], "application/wasm");
        }
    }

    #[test]
    fn what_a_page_names_is_never_asked_for_again_and_is_another_once_it_changes() {
        let assets = assets();
        let address = &assets.addresses.0["/pkg/more/a.svg"];
        assert!(address.starts_with("/pkg/more/a.") && address.ends_with(".svg"), "{address}");
        let (status, headers) = ask(address, &[]);
        assert_eq!(
            (status, &headers[CONTENT_TYPE]),
            (200, &HeaderValue::from_static("image/svg+xml"))
        );
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(ask("/pkg/more/a.svg", &[]).1[CACHE_CONTROL], "no-cache");
        assert_eq!(ask("/pkg/more/a.another.svg", &[]).0, 404);
        assert_eq!(named("/favicon.svg", "tag"), None);
    }
}

//! Requests to providers: over TLS, without redirects, and bounded.

use std::{pin::Pin, time::Duration};

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, reqwest};
use url::{Host, Url};

/// How long one answer of a provider is waited for. Discovery takes two.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of one answer of a provider: metadata and keys have a few thousand.
const LONGEST_ANSWER: usize = 256 * 1024;

/// For all requests to providers: over TLS, and with a bound to what comes back. Follows no
/// redirects: an answer could otherwise send this server anywhere.
#[derive(Clone, Debug)]
pub struct Http(reqwest::Client);

/// Why there is no answer of a provider.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("the address is not https")]
    Plain,
    #[error("the answer is too long")]
    TooLong,
    #[error(transparent)]
    Request(#[from] reqwest::Error),
}

impl Http {
    /// # Errors
    /// When there is no TLS to be had.
    pub fn new(timeout: Duration) -> reqwest::Result<Self> {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        client.timeout(timeout).build().map(Self)
    }

    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        if !is_secure(request.url()) {
            return Err(HttpError::Plain);
        }
        let mut response = self.0.execute(request).await?;
        let mut body = vec![];
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(HttpError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = HttpResponse::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = response.headers().clone();
        Ok(answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.answer(request))
    }
}

/// Whether nobody on the way reads along: over TLS, or on this machine.
#[must_use]
pub fn is_secure(url: &Url) -> bool {
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && local)
}

#[cfg(test)]
mod tests {
    use openidconnect::{AsyncHttpClient, HttpRequest};
    use url::Url;

    use super::{ANSWER_TIMEOUT, Http, HttpError, is_secure};

    #[test]
    fn the_way_is_secure_over_tls_or_on_this_machine() {
        let is_secure = |url: &str| is_secure(&Url::parse(url).unwrap());
        for good in [
            "https://id.example/keys",
            "https://192.0.2.7/",
            "http://localhost:7000",
            "http://a.localhost",
            "http://127.0.0.1:7000",
            "http://[::1]/",
        ] {
            assert!(is_secure(good), "{good}");
        }
        for bad in [
            "http://id.example/keys",
            "http://localhost.example",
            "http://192.0.2.7/",
            "http://[2001:db8::1]/",
            "ftp://localhost/",
            "file:///etc/passwd",
            "data:text/plain,",
        ] {
            assert!(!is_secure(bad), "{bad}");
        }
    }

    #[tokio::test]
    async fn without_tls_nobody_is_asked() {
        let http = Http::new(ANSWER_TIMEOUT).unwrap();
        for address in ["http://id.example/keys", "http://192.0.2.7/token"] {
            let mut request = HttpRequest::new(vec![]);
            *request.uri_mut() = address.parse().unwrap();
            assert!(matches!(http.call(request).await, Err(HttpError::Plain)), "{address}");
        }
    }
}

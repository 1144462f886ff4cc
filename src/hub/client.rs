//! Requests. They go through ureq and not through hf-hub's own client, which cannot be made safe (0.5.0):
//!
//! - `Api::metadata` asks the host that a file's address redirects to with the Authorization header set, so the user's
//!   token goes to whichever storage the hub names; and where it lets ureq redirect, "same host" leaves out the port.
//! - A body shorter than the file becomes a blob that counts as whole ever after: neither length nor hash is compared.
//! - A resumed download is appended to the part whatever the answer's status and range; a part that is finished but
//!   not yet renamed asks for a range beyond the end, and fails from then on.
//! - The headers `etag` and `x-repo-commit` become parts of paths unchecked, and lead out of the cache.
//! - A redirect without a location makes it panic, one to itself never ends, and nothing has a timeout.
//!
//! What the crate gives are the hub's addresses, and the layout of its cache with the token's place.

use std::time::Duration;

use ureq::{
    Agent, Body,
    http::{Response, StatusCode, Uri, header},
};

use super::HubError;

/// The hub relays a renamed repository, then the file's storage; no chain is longer.
const REDIRECTS: usize = 5;
const CONNECT: Duration = Duration::from_secs(30);
/// Between two reads, not for a whole file.
const SILENCE: Duration = Duration::from_mins(1);

/// A hub and who asks it.
#[derive(Clone)]
pub(super) struct Client {
    agent: Agent,
    endpoint: Uri,
    token: Option<String>,
}

/// How to ask.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    /// For the headers only, and not beyond the hub itself: they describe the file that the hub redirects to.
    Head,
    /// For the bytes from one on.
    Body(u64),
}

impl Client {
    /// A client of `endpoint`, which has been checked to be an address.
    pub(super) fn new(endpoint: Uri, token: Option<String>) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // Each redirect is looked at here, for the token's sake.
            .max_redirects(0)
            // A compressed answer has no length that says anything about the file.
            .accept_encoding("identity")
            .user_agent(concat!("mexit-tui/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .timeout_per_read(Some(SILENCE))
            .timeout_per_write(Some(SILENCE))
            .build();
        Self { agent: config.into(), endpoint, token }
    }

    /// Asks, following redirects. The token goes to the endpoint's own scheme, host and port alone.
    pub(super) fn ask(&self, url: &str, ask: Ask) -> Result<Response<Body>, HubError> {
        let mut uri: Uri = url.parse().map_err(|e| HubError::answer(url, "an address", e))?;
        for _ in 0..=REDIRECTS {
            let response = self.send(&uri, ask)?;
            if !redirects(response.status()) {
                return self.accepted(url, &uri, response);
            }
            let next = target(&uri, &response)?;
            if matches!(ask, Ask::Head) && !self.is_own(&next) {
                return Ok(response);
            }
            uri = next;
        }
        Err(HubError::answer(url, format!("at most {REDIRECTS} redirects"), "more"))
    }

    fn send(&self, uri: &Uri, ask: Ask) -> Result<Response<Body>, HubError> {
        let mut request = match ask {
            Ask::Head => self.agent.head(uri.clone()),
            Ask::Body(_) => self.agent.get(uri.clone()),
        };
        if let Some(token) = self.token.as_ref().filter(|_| self.is_own(uri)) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Ask::Body(start @ 1..) = ask {
            request = request.header(header::RANGE, format!("bytes={start}-"));
        }
        request.call().map_err(|e| HubError::Unreachable { url: without_query(uri), reason: e.to_string() })
    }

    fn is_own(&self, uri: &Uri) -> bool {
        uri.scheme() == self.endpoint.scheme() && uri.authority() == self.endpoint.authority()
    }

    /// Turns a refusal into an error.
    fn accepted(&self, url: &str, uri: &Uri, response: Response<Body>) -> Result<Response<Body>, HubError> {
        match response.status() {
            // 416: the answer to a range that the file does not have. The caller knows what it asked for.
            status if status.is_success() || status == StatusCode::RANGE_NOT_SATISFIABLE => Ok(response),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) if self.is_own(uri) => {
                let hint = if self.token.is_some() { " (the one that was sent is not enough)" } else { "" };
                Err(HubError::Denied { url: url.into(), status: status.as_u16(), hint })
            }
            StatusCode::NOT_FOUND => Err(HubError::NotFound { url: url.into() }),
            status => Err(HubError::answer(without_query(uri), "an answer", format!("status {status}"))),
        }
    }
}

fn redirects(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where a redirect leads to: an address, or a path on the same host.
fn target(uri: &Uri, response: &Response<Body>) -> Result<Uri, HubError> {
    let wrong = |found: &str| HubError::answer(without_query(uri), "a redirect to a web address", found);
    let location = response.headers().get(header::LOCATION).ok_or_else(|| wrong("one without"))?;
    let location = location.to_str().map_err(|_| wrong("one to no text"))?;
    let absolute = if location.starts_with('/') && !location.starts_with("//") {
        format!("{}://{}{location}", uri.scheme_str().unwrap_or_default(), uri.authority().map_or("", |a| a.as_str()))
    } else {
        location.to_owned()
    };
    let next: Uri = absolute.parse().map_err(|_| wrong(location))?;
    match (uri.scheme_str(), next.scheme_str()) {
        (Some("https"), Some("http")) => Err(wrong("one from https to http")),
        (_, Some("http" | "https")) if next.host().is_some() => Ok(next),
        _ => Err(wrong(location)),
    }
}

/// An address fit for a message: the query of a storage's address is a signature.
fn without_query(uri: &Uri) -> String {
    uri.to_string().split('?').next().unwrap_or_default().to_owned()
}

/// A header as text.
pub(super) fn text<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

/// A header as a number.
pub(super) fn number(response: &Response<Body>, name: &str) -> Option<u64> {
    text(response, name).and_then(|text| text.trim().parse().ok())
}

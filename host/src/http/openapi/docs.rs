//! `/docs`: Swagger UI, which lies in the program; it asks this server for the description, and no other host for
//! anything. Not here: the description (`openapi`).

use std::sync::Arc;

use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use http::header::CONTENT_ENCODING;
use http::header::CONTENT_SECURITY_POLICY;
use http::header::LOCATION;
use utoipa_swagger_ui::Config;

use crate::http::reply;

/// The viewer writes styles into its elements, and has pictures in its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Another version of the program has other files under the same names.
const CACHED: &str = "private, max-age=300";

/// The viewer's files.
pub(crate) struct Docs(Arc<Config<'static>>);

impl Default for Docs {
    fn default() -> Self {
        let config = Config::from("/openapi.json").validator_url("none").deep_linking(true).filter(true);
        Self(Arc::new(config.doc_expansion("none").default_models_expand_depth(0).use_base_layout()))
    }
}

impl Docs {
    /// Where its page is: what it loads lies beside it.
    pub(crate) fn page() -> Response {
        let mut response = reply::bytes("text/plain", "the description is at /docs/\n".into());
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        response.headers_mut().insert(LOCATION, HeaderValue::from_static("/docs/"));
        response
    }

    /// One of its files; the page has no name.
    pub(crate) fn file(&self, name: &str) -> Option<Response> {
        let file = utoipa_swagger_ui::serve(name, self.0.clone()).ok()??;
        let mut response = reply::bytes(&file.content_type, file.bytes.into_owned().into());
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(CACHED));
        if file.gzpipped {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Some(response)
    }
}

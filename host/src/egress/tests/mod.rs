//! Real sockets with peers that behave well, badly, or not at all.

mod answers;
mod connections;
mod names;
mod peer;
mod refusals;
mod requests;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::Method;

use crate::domain::delivery::ErrorCode;
use crate::egress::Egress;
use crate::egress::EgressOptions;
use crate::egress::OutgoingRequest;
use crate::egress::Sent;
use crate::egress::Target;

/// Long enough that only a hang reaches it.
const LONG: Duration = Duration::from_secs(30);

/// Loopback over plain HTTP is allowed.
fn options() -> EgressOptions {
    EgressOptions {
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        allow_http: true,
        ..EgressOptions::default()
    }
}

fn egress() -> Egress {
    Egress::new(options()).unwrap()
}

fn request(body: &'static str) -> OutgoingRequest {
    OutgoingRequest {
        method: Method::POST,
        path: None,
        headers: HeaderMap::new(),
        body: Bytes::from_static(body.as_bytes()),
    }
}

fn target(egress: &Egress, address: SocketAddr) -> Arc<Target> {
    egress.target(&egress.check_url(&format!("http://{address}/hook?x=1")).unwrap())
}

/// The kind of failure, and that it says something to people.
#[track_caller]
fn failed(sent: &Sent, code: ErrorCode, part: &str) {
    let error = sent.outcome.as_ref().expect_err("there was an answer");
    assert_eq!(error.code, code, "{}", error.detail);
    assert!(error.detail.contains(part), "{} says nothing of {part}", error.detail);
}

#[track_caller]
fn status(sent: &Sent) -> u16 {
    sent.outcome.as_ref().expect("there was no answer").status
}

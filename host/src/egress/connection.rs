//! Makes connections: address, TCP, TLS, HTTP/1.1. Not here: keeping them (`pool`).

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::SendError;
use crate::domain::delivery::Timings;
use crate::egress::Inner;
use crate::egress::address;
use crate::egress::target::Target;

/// Bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Headers of an answer.
const HEADERS_MAX: usize = 100;

/// A connection that can take a request. Its driver ends with it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<Full<Bytes>>,
    driver: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// A fresh connection to one of the target's addresses.
pub(super) async fn open(
    egress: &Inner,
    target: &Target,
    timings: &mut Timings,
) -> Result<Connection, SendError> {
    let started = Instant::now();
    let addresses = address::addresses(&egress.options, target).await?;
    timings.dns_us = micros(started.elapsed());
    let connecting = Instant::now();
    let connection = dial(egress, target, &addresses).await;
    timings.connect_us = micros(connecting.elapsed());
    connection
}

pub(super) fn micros(elapsed: Duration) -> u32 {
    u32::try_from(elapsed.as_micros()).unwrap_or(u32::MAX)
}

async fn dial(egress: &Inner, target: &Target, addresses: &[SocketAddr]) -> Result<Connection, SendError> {
    let mut last = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return handshake(egress, target, stream).await,
            Err(error) => last = Some((address, error)),
        }
    }
    let (code, detail) = match last {
        Some((address, error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => (
            ErrorCode::ConnectionRefused,
            format!("{} ({address}) refused the connection", target.authority()),
        ),
        Some((address, error)) => (
            ErrorCode::ConnectionFailed,
            format!("cannot connect to {} ({address}): {error}", target.authority()),
        ),
        None => (ErrorCode::DnsFailed, format!("{} has no address", target.authority())),
    };
    Err(SendError { code, detail })
}

async fn handshake(egress: &Inner, target: &Target, stream: TcpStream) -> Result<Connection, SendError> {
    // Small requests must not wait for their acknowledgement; a socket without it works, slower.
    let _slower = stream.set_nodelay(true);
    if !target.is_tls() {
        return http(TokioIo::new(stream)).await;
    }
    let tls_failed = |detail: String| SendError {
        code: ErrorCode::TlsFailed,
        detail: format!("no TLS with {}: {detail}", target.authority()),
    };
    let host = target.host().to_string();
    let name = host.trim_start_matches('[').trim_end_matches([']', '.']).to_owned();
    let name = ServerName::try_from(name).map_err(|error| tls_failed(error.to_string()))?;
    let stream = egress.tls.connect(name, stream).await.map_err(|error| tls_failed(error.to_string()))?;
    http(TokioIo::new(stream)).await
}

async fn http<I>(io: I) -> Result<Connection, SendError>
where
    I: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let handshake =
        http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).max_headers(HEADERS_MAX).handshake(io).await;
    let (sender, driver) = handshake.map_err(|error| SendError {
        code: ErrorCode::ConnectionFailed,
        detail: format!("the connection broke: {error}"),
    })?;
    // How the connection ends shows at the request; the driver has nothing to add.
    let driver = tokio::spawn(async move { drop(driver.await) }).abort_handle();
    Ok(Connection { sender, driver })
}

//! Makes connections: address, TCP, TLS, HTTP/1.1. Not here: keeping them (`pool`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::SendError;
use crate::domain::delivery::Timings;
use crate::egress::connect::activity::Activity;
use crate::egress::connect::address;
use crate::egress::connect::tls_fault;
use crate::egress::connect::wire::DriverSocket;
use crate::egress::connect::wire::Heard;
use crate::egress::connect::wire::SocketWatch;
use crate::egress::inner::EgressShared;
use crate::egress::target_url::TargetUrl;

/// Bytes of an answer's head.
pub(in crate::egress) const HEAD_BYTES_MAX: usize = 64 << 10;
/// Headers of an answer.
pub(in crate::egress) const HEADERS_MAX: usize = 100;

/// A connection that can take a request. It owns the task that drives it: dropped, both end.
#[derive(Debug)]
pub(in crate::egress) struct OpenConnection {
    pub(in crate::egress) sender: SendRequest<Full<Bytes>>,
    pub(in crate::egress) activity: Arc<Activity>,
    watch: SocketWatch,
    driver: AbortHandle,
}

impl OpenConnection {
    /// Whether an idle connection can take a request, as far as that can be known before it does.
    pub(in crate::egress) fn is_alive(&self) -> bool {
        !self.sender.is_closed() && self.watch.is_quiet()
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// A fresh connection to one of the target's addresses.
pub(in crate::egress) async fn open(
    egress: &EgressShared,
    target: &TargetUrl,
    timings: &mut Timings,
) -> Result<OpenConnection, SendError> {
    let started = Instant::now();
    let deadline = started + egress.options.connect_timeout;
    let addresses = address::addresses(egress, target).await?;
    timings.dns_us = micros(started.elapsed());
    let connecting = Instant::now();
    let connection = dial(egress, target, &addresses, deadline).await;
    timings.connect_us = micros(connecting.elapsed());
    connection
}

/// Whole microseconds; what does not fit (71 minutes) is the most that does.
pub(in crate::egress) fn micros(elapsed: Duration) -> u32 {
    u32::try_from(elapsed.as_micros()).unwrap_or(u32::MAX)
}

/// Tries one address after the other. Each gets an equal share of the time that is left, so that
/// one that swallows packets does not keep the next from its turn.
async fn dial(
    egress: &EgressShared,
    target: &TargetUrl,
    addresses: &[SocketAddr],
    deadline: Instant,
) -> Result<OpenConnection, SendError> {
    let mut last = None;
    for (at, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
        match tokio::time::timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return handshake(egress, target, stream).await,
            Ok(Err(error)) => last = Some((address, error)),
            Err(_) => last = Some((address, std::io::ErrorKind::TimedOut.into())),
        }
    }
    let authority = target.authority();
    Err(match last {
        None => SendError { code: ErrorCode::DnsFailed, detail: format!("{authority} has no address") },
        Some((address, error)) => match error.kind() {
            std::io::ErrorKind::ConnectionRefused => SendError {
                code: ErrorCode::ConnectionRefused,
                detail: format!("{authority} ({address}) refused the connection: nobody listens there"),
            },
            std::io::ErrorKind::TimedOut => SendError {
                code: ErrorCode::Timeout,
                detail: format!("{authority} ({address}) did not take the connection in time"),
            },
            _ => SendError {
                code: ErrorCode::ConnectionFailed,
                detail: format!("cannot connect to {authority} ({address}): {error}"),
            },
        },
    })
}

async fn handshake(
    egress: &EgressShared,
    target: &TargetUrl,
    stream: TcpStream,
) -> Result<OpenConnection, SendError> {
    // Small requests must not wait for their acknowledgement; a socket without it works, slower.
    let _slower = stream.set_nodelay(true);
    let (wire, idle_timeout) = (DriverSocket::new(stream), egress.options.idle_timeout);
    let watch = wire.watch();
    if !target.is_tls() {
        return speak_http(wire, watch, idle_timeout).await;
    }
    let authority = target.authority();
    let name = ServerName::try_from(target.tls_name())
        .map_err(|error| tls_fault::send_error(&authority, error.to_string()))?;
    let connecting = egress.tls.connect(name, wire).await;
    let stream = connecting
        .map_err(|error| tls_fault::send_error(&authority, tls_fault::explain_handshake(&error)))?;
    speak_http(stream, watch, idle_timeout).await
}

async fn speak_http<S>(
    stream: S,
    watch: SocketWatch,
    idle_timeout: Duration,
) -> Result<OpenConnection, SendError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let activity = Arc::new(Activity::new());
    let io = TokioIo::new(Heard::new(stream, activity.clone()));
    // Receivers' headers are theirs: a blank or a control in one of them does not undo what the status says.
    let handshake = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .ignore_invalid_headers_in_responses(true)
        .handshake(io)
        .await;
    let (sender, driver) = handshake.map_err(|error| SendError {
        code: ErrorCode::ConnectionFailed,
        detail: format!("the connection broke: {error}"),
    })?;
    let driver = tokio::spawn(drive(driver, activity.clone(), idle_timeout)).abort_handle();
    Ok(OpenConnection { sender, activity, watch, driver })
}

/// Drives a connection until it ends or nobody has used it for too long. A request that comes in
/// just then gets itself back from hyper, unsent.
async fn drive(connection: impl Future, activity: Arc<Activity>, idle_timeout: Duration) {
    let mut connection = std::pin::pin!(connection);
    loop {
        let wait = idle_timeout.saturating_sub(activity.idle());
        tokio::select! {
            // How a connection ends shows at the request; there is nothing to add.
            _ = &mut connection => return,
            () = tokio::time::sleep(wait) => {
                if activity.idle() >= idle_timeout {
                    return;
                }
            }
        }
    }
}

//! `hookmill receive`: a receiver on this machine that prints what it gets and checks its
//! signature. For trying things out; `serve --sample` runs one, too.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use http_body_util::Full;
use http_body_util::Limited;
use hyper::Request;
use hyper::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::cli::Exit;
use crate::cli::text::block;
use crate::cli::text::one_line;
use crate::cli::text::print;
use crate::cli::text::talk;
use crate::domain::event::Headers;
use crate::domain::secret::Secret;
use crate::domain::secret::StoredSecret;
use crate::domain::time::Clock;
use crate::domain::verification::Verification;
use crate::rules::verify;
use crate::rules::verify::PreparedVerification;

/// Bytes of a body that are read.
const BODY_MAX: usize = 16 << 20;
/// Characters of a body that are printed.
const SHOWN_MAX: usize = 2000;

/// Flags of `receive`.
#[derive(Debug, clap::Args)]
pub(crate) struct ReceiveArgs {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    /// The destination's signing secret (whsec_…); signatures are checked with it.
    #[arg(long, value_name = "SECRET")]
    secret: Option<String>,
    /// Status to answer with.
    #[arg(long, default_value_t = 200)]
    status: u16,
    /// Print one line of JSON per request.
    #[arg(long)]
    json: bool,
}

/// How requests are answered and shown.
#[derive(Debug)]
pub(crate) struct Receiver {
    /// The status every request gets.
    pub status: u16,
    /// Whether lines are JSON.
    pub json: bool,
    verification: Option<PreparedVerification>,
}

impl Receiver {
    /// One that answers with `status` and checks Standard Webhooks signatures if it has a secret.
    pub(crate) fn new(status: u16, json: bool, secret: Option<&str>) -> Self {
        let verification = secret.and_then(|secret| {
            let preset = verify::presets().find("standard_webhooks")?.scheme.clone();
            let secrets = vec![StoredSecret(Secret::new(secret))];
            Some(PreparedVerification::prepare_or_refuse(&Verification {
                preset: None,
                scheme: preset,
                secrets,
                verify_token: None,
            }))
        });
        Self { status, json, verification }
    }

    /// Serves until dropped.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let receiver = std::sync::Arc::new(self);
        let mut connections = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let receiver = receiver.clone();
            connections.spawn(async move {
                let service = service_fn(move |request| answer(receiver.clone(), request));
                // A sender that goes away mid-request is its own business.
                let _gone = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
            while connections.try_join_next().is_some() {}
        }
    }

    fn signature(&self, headers: &Headers, body: &[u8]) -> &'static str {
        let Some(verification) = &self.verification else { return "not checked" };
        let request = verify::SignedRequest { method: "POST", url: "", path: "", query: "", headers, body };
        match verification.verify(&request, Clock::System.now()) {
            Ok(()) => "good",
            Err(_) => "BAD",
        }
    }

    fn line(&self, path: &str, headers: &Headers, body: &[u8]) -> String {
        let id = headers.get("webhook-id").unwrap_or("-");
        let signature = self.signature(headers, body);
        let text = String::from_utf8_lossy(body);
        if self.json {
            let headers: serde_json::Map<_, _> =
                headers.0.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
            let line = json!({"path": path, "id": id, "signature": signature, "status": self.status, "headers": headers, "body": text});
            return format!("{line}\n");
        }
        let shown: String = text.chars().take(SHOWN_MAX).collect();
        let (path, id, shown) = (one_line(path), one_line(id), block(&shown));
        format!("received {path}  id {id}  signature {signature}  answered {}\n{shown}\n", self.status)
    }
}

async fn answer(
    receiver: std::sync::Arc<Receiver>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, BODY_MAX).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let headers = parts.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let line = receiver.line(parts.uri.path(), &Headers(headers.collect()), &body);
    print(&line);
    let mut response = Response::new(Full::new(Bytes::from_static(b"{\"received\":true}")));
    *response.status_mut() = http::StatusCode::from_u16(receiver.status).unwrap_or(http::StatusCode::OK);
    Ok(response)
}

/// Receives until interrupted.
pub(crate) fn run(args: &ReceiveArgs) -> Exit {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Exit::Failed;
    };
    runtime.block_on(async {
        let listener = match TcpListener::bind(args.listen).await {
            Ok(listener) => listener,
            Err(error) => {
                talk!("hookmill: cannot listen on {}: {error}", args.listen);
                return Exit::CannotBind;
            }
        };
        if let Ok(address) = listener.local_addr() {
            talk!("receiving at http://{address}/ (stop with Ctrl-C)");
        }
        tokio::select! {
            () = Receiver::new(args.status, args.json, args.secret.as_deref()).serve(listener) => Exit::Ok,
            _ = tokio::signal::ctrl_c() => Exit::Ok,
        }
    })
}

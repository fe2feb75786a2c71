//! A gateway for one test, and a way to ask it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::HeaderMap;
use http::Request;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::describe;
use crate::control::Limits;
use crate::control::snapshot::Caps;
use crate::control::snapshot::Documents;
use crate::control::snapshot::SnapshotCompiler;
use crate::control::snapshot::Streaks;
use crate::domain::id::WorkspaceId;
use crate::domain::retry::RetryPolicy;
use crate::domain::secret::Secret;
use crate::domain::time::Clock;
use crate::egress::Egress;
use crate::egress::EgressOptions;
use crate::http::Background;
use crate::http::Doors;
use crate::http::OwnApi;
use crate::http::openapi;
use crate::http::router::Router;
use crate::http::server::ServerLimits;
use crate::node::rooms;
use crate::node::rooms::Parts;
use crate::node::rooms::Rooms;
use crate::observe::Observer;
use crate::pipeline::Patience;
use crate::rules::seal::SealKey;
use crate::rules::verify::presets;
use crate::sandbox;
use crate::sandbox::Sandbox;
use crate::sandbox::SandboxOptions;
use crate::store::sled;
use crate::store::sled::StoreOptions;
use crate::worker;

const ADMIN: &str = "hm_admin_0123456789";

/// A gateway with its API. Its data goes with it.
pub(super) struct Api {
    router: Router,
    document: Value,
    workspace: WorkspaceId,
    _directory: TempDir,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answered {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Value,
}

impl Answered {
    /// The body, if the status is that.
    #[track_caller]
    pub(super) fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// The end of a problem's type and the pointers of its errors.
    #[track_caller]
    pub(super) fn problem(self) -> (String, Vec<String>) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.body);
        let kind = self.body["type"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        (kind, errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect())
    }
}

impl Api {
    /// A gateway of its own.
    pub(super) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let doors = doors(directory.path()).await;
        doors.control.bootstrap(Some(&Secret::new(ADMIN))).await.unwrap();
        let workspace = doors.control.snapshot().documents.first_workspace().unwrap().id;
        let limits = ServerLimits {
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            connections_max: 10,
            headers_bytes_max: 64 << 10,
            body_bytes_max: 10_000,
        };
        let router = Router::new(doors, limits, "https://hooks.example.com/", CancellationToken::new());
        Self { router, document: openapi::api().1, workspace, _directory: directory }
    }

    /// The API as the program itself asks it.
    pub(super) fn own(&self) -> OwnApi {
        OwnApi::new(self.router.routes(), self.workspace)
    }

    /// Asks with the first admin key.
    pub(super) async fn ask(&self, method: &str, path: &str, body: Value) -> Answered {
        self.ask_as(ADMIN, method, path, &[], body).await
    }

    /// Asks with any key and further headers. The answer fits the description, or the test fails.
    pub(super) async fn ask_as(
        &self,
        key: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Answered {
        let mut request =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let request = request.header("content-type", "application/json").body(Body::from(text)).unwrap();
        let response = self.router.routes().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        self.hold_against_description(method, path, parts.status.as_u16(), &body);
        Answered { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    fn hold_against_description(&self, method: &str, path: &str, status: u16, body: &Value) {
        let path = path.split('?').next().unwrap_or(path);
        let fits = |template: &str| {
            let (template, path): (Vec<_>, Vec<_>) =
                (template.split('/').collect(), path.split('/').collect());
            let same = |(wanted, have): (&&str, &&str)| wanted.starts_with('{') || wanted == have;
            template.len() == path.len() && template.iter().zip(&path).all(same)
        };
        let paths = self.document["paths"].as_object().unwrap();
        let operation = paths
            .iter()
            .filter(|(template, _)| fits(template))
            .map(|(_, found)| &found[method.to_lowercase()]);
        let Some(operation) = operation.into_iter().find(|operation| !operation.is_null()) else { return };
        let responses = &operation["responses"];
        let good = &responses[status.to_string()]["content"]["application/json"]["schema"];
        let schema = if status >= 400 {
            &responses[status.to_string()]["content"]["application/problem+json"]["schema"]
        } else {
            assert!(
                !responses[status.to_string()].is_null() || status == 200,
                "{method} {path}: {status} is not described"
            );
            good
        };
        if !schema.is_null() {
            let faults = describe::faults(&self.document, schema, body);
            assert!(faults.is_empty(), "{method} {path}: {faults:#?}");
        }
    }
}

async fn doors(directory: &std::path::Path) -> Doors {
    let (store, feed, recovered) = sled::open(StoreOptions::at(directory)).unwrap();
    let options = SandboxOptions::new(directory.join("plugins"), sandbox::Compiler::InProcess, 1);
    let sandbox = Arc::new(Sandbox::new(options).unwrap());
    let egress = Arc::new(Egress::new(EgressOptions::default()).unwrap());
    let compiler = SnapshotCompiler {
        sandbox: sandbox.clone(),
        egress: egress.clone(),
        body_bytes_max: 10_000,
        presets: presets(),
        streaks: Streaks::default(),
        caps: Caps::default(),
        rollouts: Arc::default(),
        seal_key: Arc::new(SealKey::new([7; 32])),
    };
    let documents = Documents::from_stored(recovered.config.revision, &recovered.config.documents).unwrap();
    let snapshot = compiler.compile(documents, None).await;
    let observer = Arc::new(Observer::new("test"));
    let parts = Parts {
        store: store.into(),
        sandbox,
        egress,
        clock: Clock::System,
        observer: observer.clone(),
        spawn: Arc::new(|task| drop(tokio::spawn(task))),
        background: Arc::new(|task| drop(tokio::spawn(task))),
        limits: Limits {
            json_depth_max: 128,
            in_flight_max: 64,
            faults_in_row_max: 3,
            body_bytes_max: 10_000,
            connections_max: 3,
            recovered_after: Duration::from_secs(60),
            backlog_after: Duration::from_secs(3600),
            tables_max: 2,
            table_rows_max: 100,
            table_bytes_max: 100_000,
            steps_max: 4,
            deliveries_per_event_max: 100,
            events_per_request_max: 10,
            concurrency: 8,
            timeout_ms: 15_000,
            retry: RetryPolicy::default(),
        },
        patience: Patience::default(),
        compiler,
        snapshot,
    };
    let background = Background::new(parts.background.clone(), observer.clone());
    let Rooms { control, pipeline, delivery, insight, worker, .. } = rooms::build(parts);
    let (planner, committed) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(worker::pump(feed, planner));
    tokio::spawn(worker.plan(committed));
    Doors { control, pipeline, delivery, insight, observer, background }
}

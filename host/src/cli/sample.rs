//! `serve --sample`: a pipeline to look at. A GitHub source, a connection with a filter, a mapping
//! and a plugin, and a receiver on this machine that prints what arrives. Made once; what is
//! there already stays as it is, save the receiver's address, which is new at every start.

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use ipnet::IpNet;
use ipnet::Ipv4Net;
use tokio::net::TcpListener;

use crate::cli::receive::Receiver;
use crate::control::Control;
use crate::control::Principal;
use crate::control::plugins::Activate;
use crate::control::random_bytes;
use crate::control::snapshot::DocumentWrite;
use crate::domain::config::Connection;
use crate::domain::config::FlowState;
use crate::domain::config::Idempotency;
use crate::domain::config::OnError;
use crate::domain::config::Origin;
use crate::domain::config::Source;
use crate::domain::config::Step;
use crate::domain::config::StepSpec;
use crate::domain::config::ValueFrom;
use crate::domain::config::VersionChoice;
use crate::domain::destination::Destination;
use crate::domain::destination::Endpoint;
use crate::domain::destination::HttpEndpoint;
use crate::domain::event::Headers;
use crate::domain::id::ConnectionId;
use crate::domain::id::DestinationId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::retry::RetryPolicy;
use crate::domain::secret::Secret;
use crate::domain::secret::StoredSecret;
use crate::domain::signing::Signing;
use crate::domain::signing::SigningProfile;
use crate::domain::signing::SigningSecret;
use crate::domain::step_grants::StepGrants;
use crate::domain::verification::Verification;
use crate::rules::sign::generate_secret;
use crate::rules::verify::presets;

/// The secret of the sample source. Known to everybody: it is in the README.
pub(crate) const SAMPLE_SECRET: &str = "hookmill-sample";
/// Where the sample's receiver is.
pub(crate) const NETWORK: IpNet = IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::LOCALHOST, 32));
const SOURCE: &str = "github-sample";
const PLUGIN: &str = "github-to-slack";
const DESTINATION: &str = "sample-receiver";
const CONNECTION: &str = "github to slack (sample)";
/// Only events of a repository.
const FILTER: &str = r#"{"path": "$.repository.full_name", "exists": true}"#;

/// Where the built plugin may be: beside the program, or below the working directory.
fn plugin_files() -> Vec<PathBuf> {
    let name = format!("{PLUGIN}.wasm");
    let exe = std::env::current_exe().ok();
    let beside = exe.as_deref().and_then(Path::parent).and_then(Path::parent);
    let beside = beside.map(|folder| folder.join("plugins").join(&name));
    beside.into_iter().chain([Path::new("target/plugins").join(&name)]).collect()
}

/// Uploads the sample's plugin, or says that the sample runs without it.
async fn upload_plugin(control: &Control, principal: Principal) -> anyhow::Result<()> {
    let files = plugin_files();
    let Some(file) = files.iter().find(|path| path.is_file()) else {
        let places: Vec<_> = files.iter().map(|path| path.display().to_string()).collect();
        let looked = places.join(" or ");
        tracing::warn!(%looked, "the sample runs without its plugin, which is not there; plugins/build.sh builds it");
        return Ok(());
    };
    let bytes = std::fs::read(file).with_context(|| format!("read {}", file.display()))?;
    control
        .upload(&principal, PLUGIN, bytes.into(), Some(Activate::default()))
        .await
        .context("upload the sample's plugin")?;
    Ok(())
}

/// Sets the sample up and answers where its receiver listens; the receiver is the caller's to run.
pub(crate) async fn set_up(control: &Control) -> anyhow::Result<(TcpListener, Receiver)> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("listen for the sample's deliveries")?;
    let address = listener.local_addr()?;
    let snapshot = control.snapshot().clone();
    let workspace = snapshot.documents.workspaces.all().next().context("there is a workspace")?.id;
    let key = snapshot.documents.keys.all().next().context("there is a key")?.id;
    if snapshot.documents.plugins.find(workspace, PLUGIN).is_none() {
        upload_plugin(control, Principal { key, home: workspace, workspace, scopes: Vec::new() }).await?;
    }
    let _guard = control.write_guard().await;
    let snapshot = control.snapshot().clone();
    let documents = &snapshot.documents;
    let mut writes = Vec::new();
    let source = match documents.sources.find(workspace, SOURCE) {
        Some(found) => found.id,
        None => {
            let source = source(control, workspace)?;
            let id = source.id;
            writes.push(DocumentWrite::PutSource(source.into()));
            id
        }
    };
    let mut destination = match documents.destinations.find(workspace, DESTINATION) {
        Some(found) => found.as_ref().clone(),
        None => destination(control, workspace),
    };
    let endpoint = destination.endpoint.http_mut().context("the sample's destination is a URL")?;
    endpoint.url = format!("http://{address}/slack");
    let secret = destination.signing.secrets.first().map(|secret| secret.secret.0.expose().to_owned());
    if documents.connections.find(workspace, CONNECTION).is_none() {
        let has_plugin = documents.plugins.find(workspace, PLUGIN).is_some();
        writes.push(DocumentWrite::PutConnection(connection(
            control,
            workspace,
            source,
            destination.id,
            has_plugin,
        )));
    }
    writes.push(DocumentWrite::PutDestination(destination));
    control.write(writes).await?;
    Ok((listener, Receiver::new(200, false, secret.as_deref())))
}

/// What to type next.
pub(crate) fn advice(listening: SocketAddr) -> String {
    format!(
        "  sample     {SOURCE} → filter → {PLUGIN} → a receiver that prints here what it gets\n\
         \x20 try it     hookmill trigger {SOURCE} --url http://{listening} --preset github --secret {SAMPLE_SECRET} --event push\n"
    )
}

fn source(control: &Control, workspace: WorkspaceId) -> anyhow::Result<Source> {
    let presets = presets();
    let preset = presets.find("github").context("the github preset is built in")?;
    Ok(Source {
        id: SourceId::from_bits(control.new_id()),
        workspace,
        name: SOURCE.into(),
        created_at: control.now(),
        state: FlowState::Active,
        protect: false,
        key_required: false,
        key_header: "x-api-key".into(),
        basic: None,
        verification: Some(Verification {
            preset: Some("github".into()),
            scheme: preset.scheme.clone(),
            secrets: vec![StoredSecret(Secret::new(SAMPLE_SECRET))],
            verify_token: None,
        }),
        event_type: Some(ValueFrom::Header("x-github-event".into())),
        idempotency: Some(Idempotency { from: ValueFrom::Header("x-github-delivery".into()) }),
        methods: vec!["POST".into()],
        body_bytes_max: None,
        response: None,
        enforce_schemas: false,
    })
}

fn destination(control: &Control, workspace: WorkspaceId) -> Destination {
    let secret = generate_secret(random_bytes());
    Destination {
        id: DestinationId::from_bits(control.new_id()),
        workspace,
        name: DESTINATION.into(),
        created_at: control.now(),
        state: FlowState::Active,
        protect: false,
        endpoint: Endpoint::Http(Box::new(HttpEndpoint {
            method: "POST".into(),
            timeout_ms: 15_000,
            ..HttpEndpoint::default()
        })),
        headers: Headers::default(),
        signing: Signing {
            profile: SigningProfile::StandardWebhooks,
            secrets: vec![SigningSecret { secret: StoredSecret(Secret::new(secret)), expires_at: None }],
        },
        retry: RetryPolicy::default(),
        concurrency: 8,
        rate: None,
        payload_schema: None,
    }
}

fn connection(
    control: &Control,
    workspace: WorkspaceId,
    source: SourceId,
    destination: DestinationId,
    has_plugin: bool,
) -> Connection {
    let step = |kind| Step { kind, on_error: OnError::Fail };
    let mut steps = vec![step(StepSpec::Filter(FILTER.into()))];
    if has_plugin {
        let kind = StepSpec::Plugin {
            name: PLUGIN.into(),
            version: VersionChoice::Active,
            config: "{}".into(),
            grants: StepGrants::default(),
        };
        steps.push(step(kind));
    }
    Connection {
        id: ConnectionId::from_bits(control.new_id()),
        workspace,
        name: CONNECTION.into(),
        created_at: control.now(),
        state: FlowState::Active,
        protect: false,
        origins: vec![Origin::Source(source)],
        event_types: vec!["*".into()],
        event_groups: Vec::new(),
        steps,
        destination,
        retry: None,
    }
}

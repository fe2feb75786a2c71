//! Compiled configuration: what stands ready so that an event meets no parsing. Not here: how it
//! is compiled (`compile`).

use std::sync::Arc;

use crate::control::resources::transport::Transport;
use crate::control::snapshot::kinds::CompiledKind;
use crate::control::snapshot::plugin_step::PluginStep;
use crate::domain::config::Connection;
use crate::domain::config::OnError;
use crate::domain::config::Source;
use crate::domain::destination::Destination;
use crate::domain::event_type::EventType;
use crate::domain::grant::Grants;
use crate::domain::secret::NamedSecrets;
use crate::rules::hide::Inbound;
use crate::rules::hide::Outbound;
use crate::rules::sign::PreparedSigning;
use crate::rules::verify::Challenge;
use crate::rules::verify::PreparedVerification;
use crate::rules::verify::ProviderAnswer;
use crate::sandbox::Plugin;
use crate::shape::Query;
use crate::shape::Schema;

/// Where a source takes a value from.
#[derive(Clone, Debug)]
pub enum Extract {
    /// Always this.
    Fixed(Arc<str>),
    /// A header, lower case.
    Header(String),
    /// The first node of a query over the body.
    Path(Arc<Query>),
}

/// A type of the event catalogue, ready for events to be held to its schema.
#[derive(Debug)]
pub struct EventTypeRuntime {
    /// As it was set up.
    pub event_type: Arc<EventType>,
    /// What payloads have to look like, if anybody says so.
    pub(crate) schema: Option<Arc<Schema>>,
}

/// A source, ready to take requests.
#[derive(Debug)]
pub struct SourceRuntime {
    /// As it was set up.
    pub source: Arc<Source>,
    pub(crate) verification: Option<PreparedVerification>,
    pub(crate) verified_by: Arc<str>,
    /// What the provider asks of this URL before it sends events.
    pub(crate) challenge: Option<Challenge>,
    /// What it gets to hear when an event was taken, unless the source says that itself.
    pub(crate) answer: Option<ProviderAnswer>,
    pub(crate) event_type: Option<Extract>,
    pub(crate) idempotency: Option<Extract>,
    pub(crate) body_bytes_max: u64,
    /// What is kept of requests.
    pub(crate) hide: Inbound,
}

impl SourceRuntime {
    /// Bytes a body may have here.
    pub fn body_bytes_max(&self) -> u64 {
        self.body_bytes_max
    }

    /// What the provider gets to hear when an event was taken, if that is anything in particular.
    pub fn provider_answer(&self) -> Option<&ProviderAnswer> {
        self.answer.as_ref()
    }
}

/// A step, ready to run.
#[derive(Clone, Debug)]
pub struct CompiledStep {
    /// What it does.
    pub kind: CompiledKind,
    /// What if it cannot.
    pub on_error: OnError,
}

/// A connection, ready to run its steps.
#[derive(Debug)]
pub struct ConnectionRuntime {
    /// As it was set up.
    pub connection: Arc<Connection>,
    /// Its steps, or what is wrong with them since they were saved.
    pub steps: Result<Vec<CompiledStep>, String>,
}

impl ConnectionRuntime {
    fn plugin_steps(&self) -> impl Iterator<Item = &PluginStep> {
        self.steps.iter().flatten().filter_map(|step| step.kind.plugin())
    }

    /// What its plugins may use, all together.
    pub fn grants(&self) -> Grants {
        self.plugin_steps().fold(Grants::default(), |all, step| all.with(step.grants))
    }

    /// What its steps run, versions that are tried included.
    pub(crate) fn plugins(&self) -> impl Iterator<Item = &Plugin> {
        self.plugin_steps().flat_map(|step| {
            let tried = step.rollout.iter().filter_map(|rollout| rollout.candidate.plugin.as_ref().ok());
            step.plugin.as_ref().ok().into_iter().chain(tried)
        })
    }

    /// Whether its steps cannot be run again with the same result, so that what they come to is written down before
    /// anything is sent: a plugin was given more than the event, or what others of a batch left behind.
    pub(crate) fn is_written_first(&self) -> bool {
        let batches = |plugin: &PluginStep| {
            plugin.batch || plugin.rollout.as_ref().is_some_and(|tried| tried.candidate.batch)
        };
        !self.grants().is_empty() || self.plugin_steps().any(batches)
    }

    /// The secrets that its plugins are given, and may have put into what they forward.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &NamedSecrets> {
        self.plugin_steps().map(|step| &step.secrets).filter(|secrets| !secrets.is_empty())
    }

    /// Whether one of its plugins is in quarantine.
    pub(crate) fn is_quarantined(&self) -> bool {
        self.plugin_steps().any(|step| step.streak.is_quarantined())
    }
}

/// A destination, ready to be sent to.
#[derive(Debug)]
pub struct DestinationRuntime {
    /// As it was set up.
    pub destination: Arc<Destination>,
    /// What its deliveries go by.
    pub transport: Transport,
    /// Ready to sign, or why it cannot.
    pub signing: Result<PreparedSigning, String>,
    /// Headers every delivery to it has: its own and its credentials.
    pub headers: http::HeaderMap,
    /// What is kept of answers.
    pub(crate) hide: Outbound,
}

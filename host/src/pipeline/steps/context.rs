//! What steps see of an event. Not here: the event itself (`domain`), what plugins are given beside it (`host`).

use std::sync::Arc;

use crate::domain::event::Event;
use crate::pipeline::Pipeline;
use crate::pipeline::host::kept::EventContext;
use crate::pipeline::host::metering::Metered;
use crate::pipeline::payload::body_view::BodyView;

/// The event as steps see it, with what all connections share.
#[derive(Clone, Debug)]
pub(crate) struct StepContext<'a> {
    /// The event.
    pub event: &'a Event,
    /// Its id as text.
    pub id: Arc<str>,
    /// Its source's name; empty for published events.
    pub source: Arc<str>,
    /// RFC 3339.
    pub received_at: Arc<str>,
    /// The body as JSON, parsed once for all connections.
    pub body: &'a BodyView<'a>,
    /// What plugins with grants get and leave.
    pub kept: &'a EventContext,
    /// Set while it is decided what becomes of the event: then what runs is counted, and a quarantine holds the event.
    /// Not set where something is made again or only looked at.
    pub live: Option<Live<'a>>,
    /// Set together with that, and for a canary as well: whose calls are metered.
    pub metered: Option<Metered<'a>>,
}

/// For whom an event is planned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Live<'a> {
    /// The one that counts.
    pub pipeline: &'a Pipeline,
}

//! Makes the bytes of planned deliveries again and holds them against the plan: connection, destination and hash. Only
//! what is proven to be what was planned may be sent. Steps of other connections do not run, so what they come to now
//! cannot take this one's place. Not here: what becomes of a delivery that cannot be made (`hold`).

use crate::control::Unreadable;
use crate::domain::delivery::DeliveryBytes;
use crate::domain::event::Event;
use crate::domain::id::DeliveryId;
use crate::domain::plan::Plan;
use crate::domain::plan::Planned;
use crate::domain::plan::Route;
use crate::domain::plan::RouteEnd;
use crate::pipeline::Pipeline;
use crate::pipeline::host::kept::EventContext;
use crate::pipeline::host::kept::Purpose;
use crate::pipeline::payload::Payload;
use crate::pipeline::payload::body_view::BodyView;
use crate::pipeline::payload::body_view::json_text;
use crate::pipeline::plan::connection::context;
use crate::pipeline::plan::connection::run_connection;
use crate::pipeline::plan::fingerprint::is_planned;
use crate::pipeline::plan::prepare;
use crate::pipeline::steps::RunEnd;

/// Why bytes that could be made again are not sent.
pub(crate) const OTHER_BYTES: &str = "its steps make other bytes now than were planned";

/// Bytes that were made again.
#[derive(Debug)]
pub(crate) struct Again {
    /// What the steps make.
    pub bytes: DeliveryBytes,
    /// Whether that is what was planned.
    pub proven: bool,
}

/// Why bytes could not be made again, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unmade {
    /// It may be otherwise in a moment: the gateway or its disk is at fault.
    Passing(String),
    /// It will be the same each time.
    Lasting(String),
}

impl Unmade {
    /// In words.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Passing(reason) | Self::Lasting(reason) => reason,
        }
    }
}

impl From<Unreadable> for Unmade {
    fn from(unreadable: Unreadable) -> Self {
        Self::Passing(unreadable.to_string())
    }
}

/// The place of a delivery in its plan.
pub(crate) struct PlannedPlace<'a> {
    /// What its connection made of the event.
    pub route: &'a Route,
    /// The deliveries that were made with it, itself included.
    pub planned: &'a [Planned],
    /// Which of them it is.
    pub at: usize,
}

/// Where the plan says what a delivery's bytes are; `None` where it stands for steps that have made none.
pub(crate) fn place(plan: &Plan, id: DeliveryId) -> Option<PlannedPlace<'_>> {
    plan.routes.iter().find_map(|route| match &route.end {
        RouteEnd::Delivering(planned) => {
            let at = planned.iter().position(|planned| planned.id == id)?;
            Some(PlannedPlace { route, planned, at })
        }
        RouteEnd::Dropped | RouteEnd::Failed(_) | RouteEnd::Held(_) => None,
    })
}

/// Makes the bytes of one delivery again, under the configuration they were made under.
pub(crate) async fn remake(
    pipeline: &Pipeline,
    event: &Event,
    plan: Option<&Plan>,
    revision: u64,
    id: DeliveryId,
) -> Result<Again, Unmade> {
    let lost = || Unmade::Lasting("the log that says what was planned for it has expired".into());
    let plan = plan.ok_or_else(lost)?;
    let place =
        place(plan, id).ok_or_else(|| Unmade::Lasting("no step has made a payload for it yet".into()))?;
    let payloads = payloads(pipeline, event, place.route, revision).await?;
    nth(payloads, &place)
}

/// The payload at a delivery's place, held against the plan.
fn nth(payloads: Vec<Payload>, place: &PlannedPlace<'_>) -> Result<Again, Unmade> {
    let (made, wanted) = (payloads.len(), place.planned.len());
    let fewer = || Unmade::Lasting(format!("its steps make {made} payloads now, and {wanted} were planned"));
    let carried = payloads.into_iter().nth(place.at).ok_or_else(fewer)?;
    let bytes = carried.into_bytes();
    let proven = place.planned.get(place.at).is_some_and(|planned| is_planned(planned, &bytes));
    Ok(Again { bytes, proven })
}

/// Makes the bytes of several deliveries of one connection again: its steps run once. In the order of `wanted`.
pub(crate) async fn remake_route(
    pipeline: &Pipeline,
    event: &Event,
    route: &Route,
    wanted: &[&Planned],
) -> Result<Vec<Result<Again, Unmade>>, Unmade> {
    let RouteEnd::Delivering(planned) = &route.end else { return Ok(Vec::new()) };
    let payloads = payloads(pipeline, event, route, event.data.revision).await?;
    let again = |one: &&Planned| {
        let at = planned.iter().position(|planned| planned.id == one.id).unwrap_or(usize::MAX);
        nth(payloads.clone(), &PlannedPlace { route, planned, at })
    };
    Ok(wanted.iter().map(again).collect())
}

/// What the steps of a route's connection make of the event under a revision of the configuration.
async fn payloads(
    pipeline: &Pipeline,
    event: &Event,
    route: &Route,
    revision: u64,
) -> Result<Vec<Payload>, Unmade> {
    let snapshot = pipeline.snapshot_at(revision).await?;
    let Some(connection) = snapshot.connections.get(&route.connection) else {
        let reason = format!("configuration revision {revision} does not have its connection");
        return Err(Unmade::Lasting(reason));
    };
    if connection.connection.destination != route.destination {
        let reason =
            format!("in configuration revision {revision} its connection leads to another destination");
        return Err(Unmade::Lasting(reason));
    }
    prepare::prepare_connection(connection).await;
    let json = json_text(&event.data.content_type, &event.data.body);
    let body = BodyView::new(&json, pipeline.limits().json());
    let kept = EventContext::new(pipeline, event.data.workspace, Purpose::Look);
    let context = context(&snapshot, event, &body, &kept);
    match run_connection(pipeline, connection, &context).await.1 {
        RunEnd::Forward(payloads) => Ok(payloads),
        RunEnd::Dropped => Err(Unmade::Lasting("its steps drop the event now".into())),
        RunEnd::Failed => Err(Unmade::Lasting("a step that made it fails now".into())),
        RunEnd::Held => Err(Unmade::Passing("a plugin of its connection is in quarantine".into())),
        RunEnd::HostFault(detail) => Err(Unmade::Passing(format!("its steps cannot be run: {detail}"))),
    }
}

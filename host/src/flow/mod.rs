//! The path of an event. Read four files top to bottom and you have it all:
//!
//! ```text
//!  request            after the commit
//!  accept.rs   T1 ──▶ plan.rs ──▶ deliver.rs ──▶ settle.rs   T2, T3 (one later commit)
//!  verify             route        sign           decide ──▶ delivered, failed
//!  deduplicate        filter       send                └───▶ retry: parked, woken by `lanes`
//!  persist            map, plugin
//!  202
//! ```
//!
//! `intake` brings committed events to `plan`; `dispatch` brings deliveries to the wire through
//! `lanes`, as many at a time as `wire` has room for; `recover` does both for what a crash left, `unattended` for what
//! has nobody who works on it (`duty`). What cannot be made as it was planned is held (`hold`) until somebody releases it
//! (`release`). What a body is read as: `unpack` (compression), `charset`, `body_view` (JSON), `identity` (type and key).
//!
//! The other files serve operators: `manage` and `write` change the configuration, `operate` retries and cancels, `look`
//! and `trace` answer questions, `preview` tries steps out, `apart` is where requests are computed, `compare` tries steps
//! on stored events, `upload` takes plugins in, `rollouts` tries a version on live events. `tests` has all of this in one
//! process, on a store that fails when it is told to.

pub mod accept;
mod apart;
mod artifacts;
mod body_view;
mod bootstrap;
mod carried;
mod charset;
pub mod compare;
pub mod credentials;
mod deliver;
mod dispatch;
mod duty;
mod error;
mod explain;
mod fetch;
mod gateway;
mod hold;
mod identity;
pub mod intake;
mod job;
mod kept;
mod lanes;
mod limits;
mod live;
mod look;
pub mod manage;
mod media;
mod metering;
mod observed;
mod operate;
mod patience;
mod plan;
pub mod plugin_tests;
pub mod preview;
mod publish;
mod quarantine;
mod recover;
mod release;
mod replay;
mod rest;
pub mod rollouts;
mod seen;
mod service_class;
mod settle;
pub mod snapshot;
mod stats;
mod steps;
mod tester;
#[cfg(test)]
mod tests;
mod trace;
mod unattended;
mod unpack;
mod upkeep;
mod upload;
mod wire;
mod write;

pub use accept::Incoming;
pub use accept::Taken;
pub use apart::ApartError;
pub use apart::Leave;
pub use error::AcceptError;
pub use error::FieldFault;
pub use error::OperateError;
pub use error::PreviewError;
pub use error::UploadError;
pub use explain::Explanation;
pub use gateway::Gateway;
pub use gateway::GatewayParts;
pub use gateway::Principal;
pub use gateway::Spawn;
pub use limits::FlowLimits;
pub use live::LiveEvent;
pub use look::DeliveryDetail;
pub use look::blank_query;
pub use patience::Patience;
pub use publish::Publish;
pub use seen::SourceSeen;
pub use stats::DestinationStats;
pub use stats::SourceStats;
pub use stats::Stats;
pub use tester::TestResult;
pub use trace::FetchEntry;
pub use trace::Trace;
pub use trace::TraceEntry;
pub use unattended::Unattended;
pub use upload::Activate;
pub use upload::Uploaded;
pub use write::WriteGuard;

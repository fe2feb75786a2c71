//! What happened, and what would: lists (`queries`), the story of an event (`trace`), counters (`stats`, `usage`),
//! steps tried out (`preview`), versions compared (`comparisons`), events kept as tests (`capture`), alerts that
//! stand (`alerts`). Decides
//! nothing. Not here: how answers look (`http`).

mod alerts;
mod capture;
pub mod comparisons;
mod error;
mod handle;
mod health;
mod preview;
mod queries;
mod stats;
mod trace;
mod usage;

pub use capture::CaptureDraft;
pub use error::PreviewError;
pub use handle::Insight;
pub(crate) use handle::InsightParts;
pub use preview::PreviewOutput;
pub use preview::PreviewRequest;
pub use queries::DeliveryDetail;
pub use stats::DestinationStats;
pub use stats::SourceStats;
pub use stats::Stats;
pub use trace::FetchEntry;
pub use trace::Trace;
pub use trace::TraceEntry;

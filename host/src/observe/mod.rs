//! What operators see of a running server: the log's set-up, the names of metrics and spans'
//! fields, the metrics themselves and recent latencies. Not here: deciding when something is
//! worth telling (every room does that where it handles it).

mod counters;
mod feed;
mod latency;
mod metrics;
pub mod names;
mod observer;
mod subscriber;
#[cfg(test)]
mod tests;
mod text_format;
mod tracks;
mod usage;

pub use counters::Counters;
pub use counters::DeliveryCounts;
pub use counters::SourceCounts;
pub use feed::LiveEvent;
pub use feed::LiveFeed;
pub use latency::Latencies;
pub use latency::Percentiles;
pub use metrics::Metrics;
pub use observer::Observer;
pub use subscriber::BadFilter;
pub use subscriber::LogFormat;
pub use subscriber::check_filter;
pub use subscriber::install;
pub use text_format::TextFormat;
pub use tracks::CommitMetrics;
pub use tracks::OpenKind;
pub use tracks::PluginMetrics;
pub use tracks::QueueKind;
pub use tracks::StepLabel;
pub use tracks::StepVerdict;
pub use usage::PluginCall;
pub use usage::Usage;
pub use usage::UsageRow;
pub use usage::UsageSums;
pub use usage::merged;

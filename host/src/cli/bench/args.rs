//! The flags of `bench`. Not here: what is done with them (`command`).

use std::path::PathBuf;
use std::time::Duration;

use crate::domain::units::parse_duration;

/// Stands for the built-in mapping; no file has this name.
pub(super) const BUILT_IN: &str = "<built-in>";

/// Flags of `bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// Connections that send, each one request after the other.
    #[arg(long, default_value_t = 32)]
    pub(super) connections: usize,
    /// Bytes of each payload.
    #[arg(long, default_value_t = 1024)]
    pub(super) payload_bytes: usize,
    /// How long to send, such as 10s.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    pub(super) duration: Duration,
    /// Send that many instead.
    #[arg(long, value_name = "N", conflicts_with = "duration")]
    pub(super) requests: Option<u64>,
    /// Requests before measuring begins.
    #[arg(long, default_value_t = 5000)]
    pub(super) warm_up: u64,
    /// Run each event through this plugin.
    #[arg(long, value_name = "FILE")]
    pub(super) plugin: Option<PathBuf>,
    /// Run each event through a mapping: this file's, or the built-in one.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = BUILT_IN)]
    pub(super) mapping: Option<PathBuf>,
    /// Requests to the receiver at a time.
    #[arg(long, default_value_t = 32)]
    pub(super) concurrency: u32,
    /// Where the data goes; on the disk to be measured [default: a new directory here].
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Store that many events, then compare other steps on all of them while events come in, in place of what is
    /// measured otherwise.
    #[arg(long, value_name = "N", requires = "plugin", conflicts_with_all = ["requests", "mapping"])]
    pub(super) time_travel: Option<u64>,
    /// Print one line of JSON.
    #[arg(long)]
    pub(super) json: bool,
}

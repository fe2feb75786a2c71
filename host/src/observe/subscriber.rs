//! The log: text or JSON on stderr. Called by `main` alone, once: the log belongs to the process.
//! What others sent may be in it, so nothing reaches it that a terminal obeys, and an event stays one line.
//! Not here: what is logged.

use std::io;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use crate::domain::visible::visible_line;

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// The filter cannot be read, or the process has a log already.
#[derive(Debug, thiserror::Error)]
pub enum BadFilter {
    /// Wrong words.
    #[error(
        "log.filter: expected something like info or info,hookmill::flow=debug, not `{filter}`: {detail}"
    )]
    Words {
        /// As given.
        filter: String,
        /// What is wrong.
        detail: String,
    },
    /// Set up twice.
    #[error("the log was set up before")]
    Twice,
}

/// Sends this process's log to stderr.
pub fn install(format: LogFormat, filter: &str) -> Result<(), BadFilter> {
    let subscriber = subscriber(format, filter, std::io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| BadFilter::Twice)
}

/// Whether a filter can be read.
pub fn check_filter(filter: &str) -> Result<(), BadFilter> {
    read_filter(filter).map(drop)
}

/// The library that speaks with assistants tells of each request three times, which is nobody's business unless asked
/// for.
const QUIET: &str = "rmcp";

fn read_filter(filter: &str) -> Result<EnvFilter, BadFilter> {
    let quiet = if filter.contains(QUIET) { filter.to_owned() } else { format!("{filter},{QUIET}=warn") };
    EnvFilter::try_new(quiet)
        .map_err(|error| BadFilter::Words { filter: filter.to_owned(), detail: error.to_string() })
}

/// A log to `writer`.
pub(super) fn subscriber<W>(
    format: LogFormat,
    filter: &str,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, BadFilter>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = read_filter(filter)?;
    let layer = tracing_subscriber::fmt::layer().with_writer(Visible(writer)).with_ansi(false);
    Ok(match format {
        LogFormat::Text => Box::new(registry().with(filter).with(layer)),
        LogFormat::Json => Box::new(registry().with(filter).with(layer.json().flatten_event(true))),
    })
}

/// Writes events with everything written out that a terminal obeys.
struct Visible<W>(W);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for Visible<W> {
    type Writer = VisibleWriter<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        VisibleWriter(self.0.make_writer())
    }
}

/// See [`Visible`]. An event comes in one piece, with the end of its line.
struct VisibleWriter<W>(W);

impl<W: io::Write> io::Write for VisibleWriter<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let end = if line.len() < text.len() { "\n" } else { "" };
        self.0.write_all(visible_line(line).as_bytes())?;
        self.0.write_all(end.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

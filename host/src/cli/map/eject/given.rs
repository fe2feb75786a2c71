//! A mapping and events to write tests from: out of files. Not here: out of a gateway (`stored`).

use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::map::command::headers;

/// An event that a mapping is tried on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EjectSample {
    /// For the name of its example.
    pub(super) name: String,
    pub(super) id: String,
    pub(super) event_type: String,
    pub(super) source: String,
    pub(super) received_at: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    /// JSON.
    pub(super) payload: String,
}

/// What is known of events from files: all have the same headers and type.
pub(super) fn samples(
    files: &[PathBuf],
    lines: &[String],
    event_type: &str,
) -> anyhow::Result<Vec<EjectSample>> {
    let headers = headers(lines)?;
    let sample = |file: &PathBuf| {
        let payload = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
        Ok(EjectSample {
            name: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            id: "evt_example".to_owned(),
            event_type: event_type.to_owned(),
            source: "example".to_owned(),
            received_at: "2026-01-01T00:00:00Z".to_owned(),
            headers: headers.clone(),
            payload,
        })
    };
    files.iter().map(sample).collect()
}

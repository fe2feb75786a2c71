//! Payloads as an assistant sees them unasked: their paths, the types there, and numbers; no text.

use bytes::Bytes;
use serde_json::Value;
use serde_json::json;

use crate::http::background::Leave;
use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::words;
use crate::shape;
use crate::shape::PathInfo;

/// A larger payload is not looked through.
const PAYLOAD_BYTES_MAX: usize = 256 << 10;
/// Paths that are shown.
const PATHS_MAX: usize = 50;

/// The outline of payloads of one kind, those that are JSON. Of too much there is none.
pub(crate) async fn outline(caller: &ToolCaller, payloads: &[&Value]) -> Vec<Value> {
    let fitting = payloads.iter().map(|payload| Bytes::from(payload.to_string()));
    let payloads: Vec<Bytes> = fitting.filter(|bytes| bytes.len() <= PAYLOAD_BYTES_MAX).collect();
    if payloads.is_empty() {
        return Vec::new();
    }
    let (background, workspace) = (&caller.site.doors.background, caller.principal.workspace);
    let found = background.run(workspace, Leave::Ends, move |mut work| async move {
        let samples: Vec<&[u8]> = payloads.iter().map(AsRef::as_ref).collect();
        work.within(|budget| shape::paths(&samples, budget)).unwrap_or_default()
    });
    let found = found.await.unwrap_or_default();
    found.iter().take(PATHS_MAX).map(show).collect()
}

fn show(found: &PathInfo) -> Value {
    let types: Vec<&str> = found.types.iter().map(|kind| kind.name()).collect();
    let mut shown = json!({"path": words::path(&found.path), "types": types});
    if found.samples > 1 {
        shown["in"] = format!("{} of {}", found.present, found.samples).into();
    }
    if let Ok(number @ Value::Number(_)) = serde_json::from_str(&found.example) {
        shown["number"] = number;
    }
    shown
}

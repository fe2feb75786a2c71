//! Arguments of tools, read by the schema that describes them: every fault at once, and what was probably meant. Not
//! here: what they ask for.

use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::Value;
use utoipa::ToSchema;

use crate::control::FieldFault;
use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::words;

/// Reads them.
pub(super) fn read<T: DeserializeOwned + ToSchema + 'static>(
    caller: &ToolCaller,
    given: &Map<String, Value>,
) -> Result<T, ToolRefusal> {
    let text = serde_json::to_string(given).unwrap_or_default();
    let depth = caller.site.doors.control.limits().json_depth_max;
    let (read, faults) =
        caller.site.shapes.read_part::<T>(&text, depth).map_err(|problem| refused(problem.faults()))?;
    let faults = faults.into_inner();
    if faults.is_empty() { Ok(read) } else { Err(refused(&faults)) }
}

fn refused(faults: &[FieldFault]) -> ToolRefusal {
    let mut said = "these arguments are not what the tool takes".to_owned();
    for fault in faults {
        said.push_str(&format!(
            "\n  {}: {}",
            words::sentence(&fault.pointer),
            words::sentence(&fault.detail)
        ));
    }
    ToolRefusal(said)
}

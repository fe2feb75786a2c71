//! The mapping kind: makes one payload of another, and may name its type, headers, method and path. Not here: how fields
//! are evaluated and what that costs (`shape::mapping`).

use bytes::Bytes;

use crate::domain::config::OnError;
use crate::pipeline::payload::Payload;
use crate::pipeline::steps::declared::StepInput;
use crate::pipeline::steps::effect::StepEffect;
use crate::pipeline::steps::effect::forward;
use crate::shape::FieldReport;
use crate::shape::Input;
use crate::shape::Mapping;
use crate::shape::Work;

/// On one payload.
pub(super) fn run(
    mapping: &Mapping,
    on_error: OnError,
    seen: StepInput<'_>,
    work: &mut Work,
    mut carried: Payload,
) -> StepEffect {
    let mut output = Vec::with_capacity(512);
    match work.within(|budget| mapping.apply(&seen.input, budget, &mut output)) {
        Ok(mapped) => {
            carried.becomes_json(Bytes::from(output), mapped.headers);
            if let Some(given) = mapped.event_type {
                carried.event_type = given.into();
            }
            carried.method = mapped.method.or(carried.method);
            carried.path = mapped.path.or(carried.path);
            forward(carried)
        }
        Err(fault) => seen.failed(on_error, "mapping_failed", &fault, carried),
    }
}

/// Every field with the path that fed it; `None` where that cannot be said.
pub(super) fn explain(mapping: &Mapping, input: &Input<'_>, work: &mut Work) -> Option<Vec<FieldReport>> {
    work.within(|budget| mapping.explain(input, budget).ok())
}

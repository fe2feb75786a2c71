//! The mapping kind. What one looks like says `shape::mapping`.

use crate::control::FieldFault;
use crate::control::snapshot::kinds::within;
use crate::shape::Mapping;

pub(super) fn compile(json: &str) -> Result<Mapping, Vec<FieldFault>> {
    Mapping::compile(json.as_bytes()).map_err(|faults| within("mapping", faults))
}

//! The filter kind. What one looks like says `shape::filter`.

use crate::control::FieldFault;
use crate::control::snapshot::kinds::within;
use crate::shape::Filter;

pub(super) fn compile(json: &str) -> Result<Filter, Vec<FieldFault>> {
    Filter::compile(json.as_bytes()).map_err(|faults| within("filter", faults))
}

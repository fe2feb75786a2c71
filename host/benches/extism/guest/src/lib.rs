//! The transform of the guest `lead` behind Extism's border. Not here: the transform.

#[allow(dead_code, reason = "what it names a lead and why it drops one is told to hookmill alone")]
#[path = "../../../../../tests/guests/lead/src/transform.rs"]
mod transform;

use extism_pdk::{Error, FnResult, plugin_fn};
use transform::Lead;

/// Takes a lead signal, gives the lead, and nothing where it is dropped.
#[plugin_fn]
pub fn transform(payload: Vec<u8>) -> FnResult<Vec<u8>> {
    match transform::transform(&payload, 0.8).map_err(Error::msg)? {
        Lead::Forward(_, lead) => Ok(lead),
        Lead::Drop(_) => Ok(Vec::new()),
    }
}

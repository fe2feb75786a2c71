//! Pure decisions: may this request in, how is this delivery signed, who takes this event, what
//! happens next, may this address be called, may this version go on, may this be answered, may
//! this be kept. No clock, no randomness, no input or output.

pub mod address;
pub mod alert;
pub mod backoff;
pub mod batch;
pub mod challenge;
pub mod config_presets;
pub mod hide;
pub mod lifecycle;
mod mac;
pub mod own_answer;
pub mod payload_schema;
pub mod rate;
pub mod receiver;
pub mod rollout;
pub mod route;
pub mod seal;
pub mod sign;
pub mod table;
pub mod tier;
pub mod verify;

//! Finding what is stored: one file for each thing that can be asked for. Reads run beside the committer and see whole
//! commits only. Not here: any write, and which thread a read runs on (`store`).

pub(super) mod configuration;
pub(super) mod deliveries;
pub(super) mod events;
pub(super) mod kv;
pub(super) mod log;
pub(super) mod modules;
pub(super) mod payloads;
pub(super) mod planned;
pub(super) mod rejections;

//! How things lie in sled's tree: the names of values, the envelope around each, the parts it is cut into, and the
//! stored forms of events, log rows and small values. Knows nothing of commits and of threads. Not here: who writes
//! (`commit`) and who looks for what (`read`).

pub(super) mod event_chunk;
mod frame;
pub(super) mod keys;
pub(super) mod log_chunk;
pub(super) mod parts;
pub(super) mod read_bytes;
pub(super) mod record;
mod write_set;

pub(super) use write_set::WriteSet;

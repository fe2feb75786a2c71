//! Time travel: a version of a plugin, or other steps, run over stored events and compared with
//! what was really sent. Nothing is stored or delivered.
//!
//! `request` checks what is asked for; `jobs` keeps the comparisons and whose turn it is; `work`
//! runs one, page by page, with a `slice` of a page on each of some threads that give way to everything else:
//! `baseline` says what became of each event (from its plan, the bytes made again under its revision, see `past`),
//! and `many` runs steps over many events at once. `control::rollouts` has the tally that counts and groups the differences, which
//! `shape::difference` finds. Results are kept in memory only and are lost on a restart.

mod baseline;
mod job;
mod jobs;
mod many;
mod order;
mod past;
mod request;
mod slice;
mod table;
mod work;

pub use job::Bases;
pub use job::Comparison;
pub use job::ComparisonState;
pub use job::Progress;
pub use order::Candidate;
pub use order::Order;
pub use request::ComparisonDraft;
pub use request::LAST_DEFAULT;
pub use request::LAST_MAX;
pub(crate) use table::Comparisons;

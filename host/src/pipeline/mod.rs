//! What becomes of an event: taken in (`accept`), planned (`plan`) by the steps of its connections (`steps`), which may
//! ask the gateway for more (`host`). What begins to fail is told (`alerts`), what a workspace
//! takes in counted (`allowance`). It comes to deliveries in memory (`job`) and knows no queue. Not here: sending.

pub mod accept;
pub(crate) mod alerts;
pub(crate) mod allowance;
pub mod chain;
pub(crate) mod duty;
mod error;
mod handle;
pub(crate) mod host;
pub(crate) mod job;
mod observed;
pub mod patience;
pub(crate) mod payload;
pub(crate) mod plan;
pub(crate) mod rest;
pub mod rows;
pub(crate) mod steps;

pub use accept::Incoming;
pub use accept::Taken;
pub use accept::publish::Publish;
pub use error::AcceptError;
pub use error::OperateError;
pub use error::OverLimit;
pub(crate) use error::store_closed;
pub use handle::Pipeline;
pub(crate) use handle::PipelineParts;
pub use job::ToDeliver;
pub use patience::Patience;
pub use steps::Explanation;

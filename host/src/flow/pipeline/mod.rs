//! What becomes of an event: taken in (`accept`), planned (`plan`) by the steps of its connections (`steps`), which may
//! ask the gateway for more (`host`). Not here: queues, sending.

pub mod accept;
pub mod duty;
pub mod host;
pub mod job;
pub mod patience;
pub mod payload;
pub mod plan;
pub mod publish;
pub mod replay;
pub mod rest;
pub mod service_class;
pub mod steps;

//! Deliveries on their way: they wait (`queues`), are brought to the wire (`dispatch`), sent (`deliver`) and settled
//! (`settle`); what cannot be sent is held (`hold`) until somebody releases it (`release`). Not here: what is sent.

pub mod deliver;
pub mod dispatch;
pub mod hold;
pub mod in_flight;
pub mod operate;
pub mod queues;
pub mod release;
pub mod settle;
pub mod tester;

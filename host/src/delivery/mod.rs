//! Deliveries on their way: they wait (`queues`), are brought to the wire (`dispatch`), as many at a time as there is
//! room for (`in_flight`), signed and sent (`deliver`) by what their destination is (`transport`) and settled (`settle`). What cannot be sent is held (`hold`) until its turn
//! comes (`release`); people retry and cancel (`operate`). Not here: what is sent, which the pipeline says.

mod deliver;
mod dispatch;
mod handle;
mod hold;
mod in_flight;
mod observed;
mod operate;
pub(crate) mod queues;
mod release;
mod settle;
mod summary;
mod tester;
mod transport;

pub use handle::Delivery;
pub(crate) use handle::DeliveryParts;
pub use tester::TestResult;

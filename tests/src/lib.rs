//! What black-box tests need: the gateway as a child process, a recording receiver, a client of
//! the API, raw connections, signatures made independently of the gateway's code, real webhooks.
//! Not here: the tests (`tests/it`), anything of the gateway's own code.

pub mod client;
pub mod corpus;
pub mod eventually;
pub mod gateway;
pub mod guests;
pub mod latency;
pub mod load;
pub mod node;
pub mod pipeline;
pub mod raw;
pub mod settled;
pub mod sign;
pub mod sink;
pub mod size;

pub use client::Answer;
pub use client::Client;
pub use eventually::eventually;
pub use gateway::Gateway;
pub use pipeline::Pipeline;
pub use settled::all_delivered;
pub use settled::settled;
pub use sink::Reply;
pub use sink::Sink;

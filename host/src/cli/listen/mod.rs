//! `hookmill listen`: events of a source on their way to a service on this machine. Which events there are, and in which
//! order, the gateway's list says (`backlog`); the live stream only wakes (`watch`), so a line that is missed costs no
//! event, and what came while nobody listened is read in the same way. One event at a time, `session` drives; what goes
//! out is made by `received` (as it came) or `connection` (what a connection would send), signed by `signature` and sent
//! by `local`; `position` remembers how far it is.
//!
//! Not here: deliveries, which the gateway makes and tries again.

mod args;
mod backlog;
mod connection;
mod local;
mod position;
mod received;
mod session;
mod show;
mod signature;
mod watch;

pub(crate) use args::HELP;
pub(crate) use args::ListenArgs;
pub(crate) use session::run;

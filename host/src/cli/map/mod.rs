//! `hookmill map`: filters and mappings tried out on a payload, without a server.
//! Not here: the language itself (`shape`).

mod command;
mod input;
mod show;

pub(crate) use command::MapArgs;
pub(crate) use command::run;

//! `hookmill map`: filters and mappings tried out on a payload, without a server; and on the events
//! a gateway has stored (`compare`).
//! Not here: the language itself (`shape`).

mod command;
mod compare;
mod eject;
mod help;
mod input;
mod show;

pub(crate) use command::MapArgs;
pub(crate) use command::run;

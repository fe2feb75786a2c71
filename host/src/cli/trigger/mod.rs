//! `hookmill trigger`: sends an event to a source, signed as its provider would sign it.
//! Not here: what events look like (`sample`), how each provider signs (`sign`).

mod command;
mod sample;
mod sign;

pub(crate) use command::TriggerArgs;
pub(crate) use command::run;

//! What `$apply` and `$as` and the pipes of templates can do with a value.
//! Read `step` (the functions there are), `compile` (how they are read), `run`, and for example `texts`.
//!
//! Not here: where values come from and go to (`mapping`).

mod cast;
mod codec;
mod compile;
mod date;
mod fault;
mod instant;
mod lists;
mod numbers;
mod run;
mod step;
#[cfg(test)]
mod tests;
mod texts;

pub(crate) use cast::Cast;
pub(crate) use codec::url_encode;
pub(crate) use compile::step;
pub(crate) use compile::steps;
pub(crate) use date::DateForm;
pub(crate) use fault::ApplyFault;
pub(crate) use run::run;
pub(crate) use step::ApplyStep;
pub(crate) use step::ListStep;
pub(crate) use step::NumberStep;
pub(crate) use step::TextStep;

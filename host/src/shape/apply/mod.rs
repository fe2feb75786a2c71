//! What `$apply` and `$as` and the pipes of templates can do with a value.
//! Not here: where values come from and go to (`mapping`).

mod cast;
mod codec;
mod compile;
mod date;
mod instant;
mod lists;
mod numbers;
mod run;
#[cfg(test)]
mod tests;
mod texts;

pub(crate) use cast::Cast;
pub(crate) use codec::url_encode;
pub(crate) use compile::step;
pub(crate) use compile::steps;
pub(crate) use date::DateForm;
pub(crate) use run::ApplyFault;
pub(crate) use run::ListStep;
pub(crate) use run::NumberStep;
pub(crate) use run::Step;
pub(crate) use run::TextStep;
pub(crate) use run::run;

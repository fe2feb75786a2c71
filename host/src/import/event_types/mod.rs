//! Event catalogues of other products, read into documents for `hookmill apply`. Pure, and bounded whatever
//! the document is: it comes from strangers. Not here: reading files, YAML, applying.

mod asyncapi;
mod catalogue;
mod dialect;
mod event;
mod openapi;
mod payload;
mod pointer;
mod reference;
mod schema;

pub(super) use asyncapi::asyncapi;
pub(super) use openapi::openapi;

#[cfg(test)]
mod tests;

//! What the importers of gateways have in common: the documents and notes they collect, names, secrets, reading of
//! strangers' JSON. Not here: what any one product's configuration looks like.

pub(super) mod auth;
pub(super) mod draft;
pub(super) mod endpoint;
pub(super) mod headers;
pub(super) mod json;
pub(super) mod leaf;
pub(super) mod names;
pub(super) mod operators;
pub(super) mod path;
pub(super) mod retry;
pub(super) mod types;
pub(super) mod verification;

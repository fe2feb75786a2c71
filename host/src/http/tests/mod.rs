//! The API against a real gateway with a real store, without sockets. Every answer of every test
//! is held against the API's own description.

mod comparisons;
mod describe;
mod documents;
mod keys;
mod own;
mod resources;
mod states;
mod support;

//! `plugin new`: a project that builds and tests as it is. Read `new` (what is made), `template` (its files) and `vendor`
//! (the SDK that it gets a copy of).
//!
//! Not here: building it (`build`).

pub(super) mod new;
mod template;
mod vendor;

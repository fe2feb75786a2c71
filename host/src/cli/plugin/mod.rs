//! `hookmill plugin …`: for authors of plugins, from an empty folder to a version in a gateway. `command` says which
//! commands there are; `scaffold` makes a project, `build` builds it, `local` tries it on this machine, `gateway` brings it
//! to a gateway and looks at it there. Read `command`, `build/mod.rs`, `local/examine` and `gateway/push`.
//!
//! Not here: what a plugin may do (`sandbox`), what it links (`plugin-sdk/`).

mod build;
mod command;
mod gateway;
mod language;
mod local;
mod report;
mod scaffold;
mod toolchain;

pub(crate) use command::PluginArgs;
pub(crate) use command::run;
pub(crate) use local::examine::bytes;
pub(crate) use local::examine::digest_of;
pub(crate) use scaffold::new::cargo_manifest;
pub(crate) use scaffold::new::create_from;

//! `hookmill plugin …`: for authors of plugins, from an empty folder to a version in a gateway. One
//! file per command (`new`, `build`, `check`, `trial`, `bench`, `push`, `activate`, `list`, `compare`,
//! `rollout`), `command` says
//! which there are. Not here: what a plugin may do (`sandbox`), what it links (`plugin-sdk/`).

mod activate;
mod bench;
mod build;
mod capture;
mod check;
mod command;
mod compare;
mod examine;
mod example;
mod language;
mod limits;
mod list;
mod new;
mod project;
mod push;
mod release;
mod report;
mod rollout;
mod rollout_show;
mod template;
mod toolchain;
mod trial;
mod trial_captured;
mod usage;
mod vendor;

pub(crate) use command::PluginArgs;
pub(crate) use command::run;
pub(crate) use examine::bytes;
pub(crate) use new::cargo_manifest;
pub(crate) use new::create_from;

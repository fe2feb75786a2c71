//! **hookmill**: takes webhook events in, runs each through sandboxed plugins and declarative
//! mappings, and delivers them, signed, retried and logged. This page is the map.
//!
//! A room uses only rooms below it, never its siblings; `tests/tests/it/architecture.rs` reads the
//! sources and says so.
//!
//! ```text
//! main, cli                            words and exit codes
//! app, supervisor                      builds everything once; owns every task
//! http │ worker                        what wakes us: a request, a clock
//! flow                                 the path of an event, one file per step
//! store │ sandbox │ egress             the three outside worlds: disk, guest code, network
//! rules │ shape │ config │ observe     pure decisions │ JSONPath, filters, mappings │ settings │ metrics
//! domain                               nouns
//! ```
//!
//! To follow an event, read `flow/pipeline/accept.rs`, `flow/pipeline/plan.rs`, `flow/delivery/deliver.rs` and
//! `flow/delivery/settle.rs`, top to bottom. To see what is on the disk, `store/sled/mod.rs`. To see what a
//! plugin may do, `sandbox/mod.rs` and the `wit` folder beside this crate; what it may ask of the outside, `flow/pipeline/host/fetch.rs`,
//! and how secrets lie on the disk, `rules/seal.rs`; what is taken out of what is kept and shown, `rules/hide/mod.rs`, and
//! how foreign text is written, `domain/visible.rs`. To see how a new version is
//! compared with what was sent, `flow/insight/comparisons/mod.rs` and `shape/difference/mod.rs`; how it is tried on live events,
//! `flow/control/rollouts/mod.rs` and `rules/rollout/mod.rs`.

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod egress;
pub mod flow;
pub mod http;
pub mod observe;
pub mod rules;
pub mod sandbox;
pub mod shape;
pub mod store;
pub mod supervisor;
pub mod worker;

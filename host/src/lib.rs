//! **hookmill**: takes webhook events in, runs each through sandboxed plugins and declarative
//! mappings, and delivers them, signed, retried and logged. This page is the map.
//!
//! A room uses only rooms below it, never its siblings; `tests/tests/it/architecture.rs` reads the
//! sources and says so.
//!
//! ```text
//! main, cli                            words and exit codes
//! node                                 builds everything once; owns every task
//! http                                 the doors: ingest, the API, the assistant's, problems
//! insight                              what happened, and what would: lists, trace, counters, preview, comparisons
//! worker                               what wakes the rest: a commit, a start, a clock
//! delivery                             queues, dispatch, deliver, settle, release, retry and cancel
//! pipeline                             accept, plan, steps, what plugins ask and keep, publish, replay
//! control                              configuration: snapshot, resources, plans, access, plugins, rollouts
//! store │ sandbox │ egress             the three outside worlds: disk, guest code, network
//! rules │ shape │ config │ observe     pure decisions │ JSONPath, filters, mappings, schemas │ settings │ metrics
//! import                               what other products' configuration comes to here
//! domain                               nouns
//! ```
//!
//! Each room that works on events has a handle that holds what it uses and no more; nobody takes the whole node. The
//! pipeline comes to deliveries and knows no queue; what it finds out about plugins reaches `control` by a channel.
//!
//! To follow an event, read `pipeline/accept.rs`, `pipeline/plan.rs`, `delivery/deliver.rs` and
//! `delivery/settle.rs`, top to bottom:
//!
//! ```text
//!  request               after the commit, brought by `worker`
//!  pipeline/accept.rs    pipeline/plan.rs    delivery/deliver.rs    delivery/settle.rs
//!  verify          T1 ─▶ route         ────▶ sign            ─────▶ decide ──▶ delivered, failed
//!  deduplicate           filter              send                     └───▶ retry: parked, woken by `queues`
//!  persist               map, plugin                                T2, T3 (one later commit)
//!  202
//! ```
//!
//! A kind of step is three files, `control/snapshot/kinds` (what it looks like), `pipeline/steps` (what it does) and its
//! words in `http/api/configuration/steps.rs`; a kind of destination one in each of `domain/destination`,
//! `control/resources/transport` and `delivery/transport`.
//!
//! To see what is on the disk, `store/sled/mod.rs`. To see what a plugin may do, `sandbox/mod.rs` and the `wit` folder
//! beside this crate; what it may ask of the outside, `pipeline/host/fetch.rs`, and how secrets lie on the disk,
//! `rules/seal.rs`; what is taken out of what is kept and shown, `rules/hide/mod.rs`, and how foreign text is written,
//! `domain/visible.rs`. To see how a new version is compared with what was sent, `insight/comparisons/mod.rs` and
//! `shape/difference/mod.rs`; how it is tried on live events, `control/rollouts/mod.rs`, `pipeline/steps/tried.rs` and
//! `rules/rollout/mod.rs`. How configuration is written, read and compared as documents,
//! `http/api/configuration/documents`, what editors are told of them, `http/openapi/documents.rs`, and what they come to,
//! `control/plans` (where a name was another one, `control/plans/rename.rs`); how a folder of them is applied at the start,
//! `cli/documents/folder.rs`. How rows of tables are kept and their changes told, `pipeline/rows/mod.rs`; how events come of
//! other events, and where that ends, `pipeline/chain.rs`; what begins to fail and who hears of it,
//! `pipeline/alerts/mod.rs`; what a workspace may have and take in, `control/room.rs` and `pipeline/allowance/mod.rs`, and for
//! how long it keeps that, `worker/sweep.rs` and `store/sled/sweep.rs`. How
//! payloads are held to schemas, `shape/schema/mod.rs` and `pipeline/accept/schema.rs`; how one moves in from elsewhere,
//! `import/mod.rs`. What an assistant can ask and what it is told, `http/mcp/mod.rs`. How
//! it is all put together, `node/rooms.rs`.

pub mod cli;
pub mod config;
pub mod control;
pub mod delivery;
pub mod domain;
pub mod egress;
pub mod http;
pub mod import;
pub mod insight;
pub mod node;
pub mod observe;
pub mod pipeline;
pub mod rules;
pub mod sandbox;
pub mod shape;
pub mod store;
pub mod worker;

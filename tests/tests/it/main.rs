//! Black-box tests: each starts the real binary and sees it only through its doors. One binary,
//! so that it links once.

#![recursion_limit = "256"]

mod alerts;
mod api_examples;
mod architecture;
mod artifacts;
mod batches;
mod batches_split;
mod chains;
mod cli;
mod comparisons;
mod computing;
mod config_dir;
mod config_schema;
mod corpus;
mod damaged_store;
mod dead_destination;
mod delivery;
mod disk_full;
mod documents;
mod documents_kinds;
mod drift;
mod event_types;
mod grants;
mod holes;
mod hostile_guests;
mod hostile_neighbours;
mod hostile_requests;
mod hostile_rows;
mod inbox;
mod ingest;
mod kill9;
mod languages;
mod limits;
mod listen;
mod map_eject;
mod mcp;
mod operations;
mod outside;
mod planned_bytes;
mod plugin_tests;
mod plugins;
mod presets;
mod quarantine;
mod readme;
mod reports_between;
mod reports_in;
mod reports_out;
mod retries;
mod rollouts;
mod settings;
mod shutdown;
mod ssrf;
mod tables;
mod usage;

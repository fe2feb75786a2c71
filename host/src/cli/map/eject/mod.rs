//! `map eject`: a mapping that has grown too much becomes the project of a plugin, with real events as
//! its tests; and `map prove`, which shows by time travel that both agree. What is written for a mapping
//! is `shape::eject`'s; here are where mapping and events come from (`given`, `stored`), the examples
//! (`examples`), the project (`command`) and the comparison (`prove`).

mod command;
mod examples;
mod given;
mod prove;
mod stored;

pub(super) use command::EjectArgs;
pub(super) use command::run;
pub(super) use prove::ProveArgs;
pub(super) use prove::run as run_prove;

/// For `map eject --help`.
pub(super) const HELP: &str = "\
Examples:
  hookmill map eject mapping.json --name my-mapping --events events/*.json
      from a file, with a test for each of these payloads
  hookmill map eject --connection 'leads to crm' --name my-mapping --prove --url http://127.0.0.1:8080 --key hm_…
      from a connection's mapping, with its newest events as tests; then builds it, uploads it as a version
      that no connection runs, and compares it with the mapping over the connection's stored events

Then edit src/lib.rs, and `cargo test`. To put it in the mapping's place: `hookmill plugin push --activate`, and the
step {\"plugin\": {\"name\": \"my-mapping\", \"version\": \"active\", \"config\": {}}} in the connection.

What a plugin cannot do, or not in the same way, is refused with its place in the mapping, all at once.

Exit codes: 0 done (with --prove: all the same), 1 something differs, or it did not work, 2 could not compare";

/// For `map prove --help`.
pub(super) const PROVE_HELP: &str = "\
The project is built, uploaded as a version that no connection runs, and run in the mapping's place over events that
the connection has stored. Nothing is delivered. An event for which the mapping fails and that the plugin refuses
counts as the same.

Exit codes: 0 all the same, 1 something differs, 2 could not compare (stderr says why)";

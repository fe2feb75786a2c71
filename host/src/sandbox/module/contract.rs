//! The names of the contract in `wit/`, as they appear in modules. Not here: the functions
//! themselves (`bindings`).

use wit_parser::Resolve;
use wit_parser::SourceMap;
use wit_parser::WorldId;

use crate::domain::grant::Grant;

/// What every plugin exports.
pub(crate) const EXPORTS: [&str; 4] = ["manifest", "configure", "transform", "transform-batch"];

/// The text of it: names and contents of its files.
const WIT: [(&str, &str); 8] = [
    ("clock.wit", include_str!("../../../../wit/clock.wit")),
    ("http.wit", include_str!("../../../../wit/http.wit")),
    ("kv.wit", include_str!("../../../../wit/kv.wit")),
    ("log.wit", include_str!("../../../../wit/log.wit")),
    ("random.wit", include_str!("../../../../wit/random.wit")),
    ("secrets.wit", include_str!("../../../../wit/secrets.wit")),
    ("types.wit", include_str!("../../../../wit/types.wit")),
    ("world.wit", include_str!("../../../../wit/world.wit")),
];

/// A world of it, resolved.
pub(crate) fn world(name: &str) -> anyhow::Result<(Resolve, WorldId)> {
    let mut files = SourceMap::new();
    for (name, text) in WIT {
        files.push_str(name, text);
    }
    let mut resolve = Resolve::default();
    let package = resolve.push_group(files.parse().map_err(|(_, error)| error)?)?;
    let world = resolve.select_world(&[package], Some(name))?;
    Ok((resolve, world))
}

/// Interfaces that may be imported.
pub(crate) const OFFERED: [&str; 7] = [
    "hookmill:plugin/types@1",
    "hookmill:plugin/log@1",
    "hookmill:plugin/clock@1",
    "hookmill:plugin/http@1",
    "hookmill:plugin/kv@1",
    "hookmill:plugin/random@1",
    "hookmill:plugin/secrets@1",
];

/// The interface that holds only types.
pub(crate) const TYPES: &str = "types";

/// The interface that every plugin may import, and its function.
pub(crate) const LOG: &str = "log";

/// What makes room in a guest's memory.
pub(crate) const REALLOC: &str = "cabi_realloc";

/// What is called with the answer of an export when that was read.
pub(crate) fn after(export: &str) -> String {
    format!("cabi_post_{export}")
}

/// The contract's major version, which every import and export here is of.
pub(crate) const ABI: u32 = 1;

/// The short name of an interface the gateway offers, as `log` for `hookmill:plugin/log@1.0.0`.
pub(crate) fn offered(interface: &str) -> Option<&'static str> {
    let (name, version) = interface.strip_prefix("hookmill:plugin/")?.split_once('@')?;
    let major = version.split('.').next()?;
    if major != "1" {
        return None;
    }
    match name {
        "types" | "log" => [TYPES, LOG].into_iter().find(|known| *known == name),
        grant => grant.parse().ok().map(Grant::name),
    }
}

/// Whether `export`, of a component or of a core module, is the world's function `name`.
pub(crate) fn is_export(export: &str, name: &str) -> bool {
    // Core modules mark the naming scheme in front.
    export == name || export.strip_prefix("cm32p2||") == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_is_offered() {
        let check =
            |interface: &str, expected: Option<&str>| assert_eq!(offered(interface), expected, "{interface}");
        check("hookmill:plugin/log@1.0.0", Some("log"));
        check("hookmill:plugin/log@1.4.2", Some("log"));
        check("hookmill:plugin/types@1.0.0", Some("types"));
        check("hookmill:plugin/log@2.0.0", None);
        check("hookmill:plugin/log@10.0.0", None);
        check("hookmill:plugin/log", None);
        check("hookmill:plugin/kv@1.0.0", Some("kv"));
        check("hookmill:plugin/files@1.0.0", None);
        check("wasi:clocks/monotonic-clock@0.2.0", None);
        check("env", None);
        check("", None);
    }
}

//! The sources of the SDK. It is on no registry, so the program carries it, and every project that
//! it makes has its own copy.

macro_rules! sdk {
    ($($path:literal)*) => {
        /// Path inside the crate, and text.
        pub(in crate::cli::plugin) const FILES: &[(&str, &str)] =
            &[$(($path, include_str!(concat!("../../../../../plugin-sdk/", $path)))),*];
    };
}

sdk! {
    "Cargo.toml"
    "README.md"
    "macros/Cargo.toml"
    "macros/src/attribute.rs"
    "macros/src/examples.rs"
    "macros/src/expand.rs"
    "macros/src/lib.rs"
    "macros/src/signature.rs"
    "src/arena.rs"
    "src/clock.rs"
    "src/config.rs"
    "src/error.rs"
    "src/event.rs"
    "src/form.rs"
    "src/guest.rs"
    "src/http.rs"
    "src/kv.rs"
    "src/lib.rs"
    "src/log.rs"
    "src/manifest.rs"
    "src/plugin.rs"
    "src/prelude.rs"
    "src/random.rs"
    "src/secrets.rs"
    "src/testing/compare.rs"
    "src/testing/example.rs"
    "src/testing/forwarded.rs"
    "src/testing/limits.rs"
    "src/testing/mod.rs"
    "src/testing/run.rs"
    "src/verdict.rs"
    "wit/clock.wit"
    "wit/http.wit"
    "wit/kv.wit"
    "wit/log.wit"
    "wit/random.wit"
    "wit/secrets.wit"
    "wit/types.wit"
    "wit/world.wit"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;
    use std::path::PathBuf;

    use super::*;

    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, found),
                false => found.push(path),
            }
        }
    }

    #[test]
    fn no_file_of_the_sdk_is_forgotten() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../plugin-sdk")).canonicalize().unwrap();
        let mut found = vec![];
        walk(&root, &mut found);
        let needed = |path: &str| {
            ["src/", "macros/", "wit/"].iter().any(|folder| path.starts_with(folder))
                || ["Cargo.toml", "README.md"].contains(&path)
        };
        let relative = found.iter().map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap());
        let there: BTreeSet<&str> =
            relative.filter(|path| needed(path) && !path.contains("target/")).collect();
        let carried: BTreeSet<&str> = FILES.iter().map(|(path, _)| *path).collect();
        assert_eq!(carried, there);
    }

    #[test]
    fn the_sdk_needs_nothing_around_it() {
        for (path, text) in FILES.iter().filter(|(path, _)| path.ends_with("Cargo.toml")) {
            assert!(!text.contains("workspace = true"), "{path} inherits from a workspace");
        }
    }
}

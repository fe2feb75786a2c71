//! Where settings come from: the one place that looks at the environment and the file.
//! Not here: what they mean (`load`).

use std::path::Path;
use std::path::PathBuf;

use crate::config::fault::BadKey;
use crate::config::fault::SettingOrigin;

const DEFAULT_FILE: &str = "hookmill.toml";
const FILE_VARIABLE: &str = "HOOKMILL_CONFIG";

/// A flag of the command line that sets a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The flag, such as `--listen`.
    pub flag: &'static str,
    /// The key it sets, such as `listen`.
    pub key: &'static str,
    /// Its argument.
    pub value: String,
}

/// Everything that was given.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The settings file: where it is and its text.
    pub file: Option<(PathBuf, String)>,
    /// The environment; only names that begin with `HOOKMILL_` matter.
    pub env: Vec<(String, String)>,
    /// Flags.
    pub overrides: Vec<Override>,
}

impl Sources {
    /// Reads the environment and the file: the one given, else the one that `HOOKMILL_CONFIG`
    /// names, else `hookmill.toml` in the working directory if it is there.
    pub fn gather(file: Option<&Path>, overrides: Vec<Override>) -> Result<Self, BadKey> {
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let env: Vec<(String, String)> = std::env::vars_os()
            .map(|(name, value)| (lossy(name), lossy(value)))
            .filter(|(name, _)| name.starts_with("HOOKMILL_"))
            .collect();
        let named = env.iter().find(|(name, value)| name == FILE_VARIABLE && !value.is_empty());
        let default = Path::new(DEFAULT_FILE);
        let path = file
            .map(Path::to_path_buf)
            .or_else(|| named.map(|(_, value)| PathBuf::from(value)))
            .or_else(|| default.exists().then(|| default.to_path_buf()));
        let file = path.map(read).transpose()?;
        Ok(Self { file, env, overrides })
    }
}

fn read(path: PathBuf) -> Result<(PathBuf, String), BadKey> {
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok((path, text)),
        Err(error) => {
            let what = format!("cannot read the settings file: {error}");
            Err(BadKey { key: String::new(), origin: SettingOrigin::File { path, line: 1 }, what })
        }
    }
}

/// Variables by which other programs are told of a proxy; some read them in small letters.
const PROXY_VARIABLES: [&str; 3] = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];

/// The variables of the environment that name a proxy, which nothing here uses. Never their values: there may be
/// passwords in them.
pub fn proxy_variables() -> Vec<String> {
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    let given = std::env::vars_os().filter(|(_, value)| !value.is_empty());
    let mut names: Vec<String> =
        given.map(|(name, _)| lossy(name)).filter(|name| names_proxy(name)).collect();
    names.sort_unstable();
    names
}

fn names_proxy(name: &str) -> bool {
    PROXY_VARIABLES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The value of an environment variable that a flag names, where it is there and text.
pub fn from_environment(name: &str) -> Option<String> {
    std::env::vars_os().find(|(have, _)| have == name)?.1.into_string().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_proxies() {
        for (name, expected) in [
            ("HTTPS_PROXY", true),
            ("https_proxy", true),
            ("HTTP_PROXY", true),
            ("All_Proxy", true),
            ("NO_PROXY", false),
            ("HOOKMILL_HTTP_PROXY", false),
            ("PROXY", false),
        ] {
            assert_eq!(names_proxy(name), expected, "{name}");
        }
    }
}

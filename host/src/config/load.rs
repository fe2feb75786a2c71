//! From what was given to a [`Config`], noting every fault on the way. Pure.
//! Not here: getting hold of file and environment (`sources`).

use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use crate::config::fault::BadKey;
use crate::config::fault::SettingOrigin;
use crate::config::given::GivenSetting;
use crate::config::given::Raw;
use crate::config::reader::SettingReader;
use crate::config::sources::Sources;
use crate::config::table::Config;
use crate::config::table::TABLE;
use crate::domain::suggest::suggest;

const ENV_PREFIX: &str = "HOOKMILL_";

/// Variables of that prefix that are no settings: they are read by the command line.
const OTHER_VARIABLES: [&str; 5] =
    ["HOOKMILL_CONFIG", "HOOKMILL_CONFIG_DIR", "HOOKMILL_URL", "HOOKMILL_KEY", "HOOKMILL_BIN"];

/// The environment variable of a key: `egress.allow` is `HOOKMILL_EGRESS_ALLOW`.
pub(super) fn variable(key: &str) -> String {
    format!("{ENV_PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

impl Config {
    /// Reads all settings. Flags win over the environment, the environment over the file, the
    /// file over the defaults. An error holds every fault of all of them.
    pub fn load(sources: &Sources) -> Result<Self, Vec<BadKey>> {
        let mut faults = Vec::new();
        let mut given = from_file(sources, &mut faults);
        given.extend(from_env(sources, &mut faults));
        given.extend(sources.overrides.iter().map(|flag| GivenSetting {
            key: flag.key.to_owned(),
            origin: SettingOrigin::Flag(flag.flag.to_owned()),
            raw: Raw::Text(flag.value.clone()),
        }));
        let mut reader = SettingReader { given: &given, faults };
        let config = Self::read(&mut reader);
        if reader.faults.is_empty() { Ok(config) } else { Err(reader.faults) }
    }
}

impl Default for Config {
    /// Every setting at its default.
    fn default() -> Self {
        Self::read(&mut SettingReader { given: &[], faults: Vec::new() })
    }
}

fn from_env(sources: &Sources, faults: &mut Vec<BadKey>) -> Vec<GivenSetting> {
    let variables: Vec<(String, &str)> = TABLE.iter().map(|row| (variable(row.key), row.key)).collect();
    let mut given = Vec::new();
    for (name, value) in sources.env.iter().filter(|(name, _)| name.starts_with(ENV_PREFIX)) {
        if OTHER_VARIABLES.contains(&name.as_str()) {
            continue;
        }
        let origin = SettingOrigin::Env(name.clone());
        match variables.iter().find(|(variable, _)| variable == name) {
            Some((_, key)) => {
                given.push(GivenSetting { key: (*key).to_owned(), origin, raw: Raw::Text(value.clone()) })
            }
            None => {
                let names = variables.iter().map(|(variable, _)| variable.as_str());
                let what = format!("no setting has this name{}", did_you_mean(suggest(name, names)));
                faults.push(BadKey { key: name.clone(), origin, what });
            }
        }
    }
    given
}

fn from_file(sources: &Sources, faults: &mut Vec<BadKey>) -> Vec<GivenSetting> {
    let Some((path, text)) = &sources.file else { return Vec::new() };
    let origin_at = |offset: usize| {
        let line = text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
        SettingOrigin::File { path: path.clone(), line }
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let offset = error.span().map_or(0, |span| span.start);
        let what = format!("not TOML: {}", error.message());
        faults.push(BadKey { key: String::new(), origin: origin_at(offset), what });
    }
    let mut found = Vec::new();
    flatten("", table.get_ref(), &mut found);
    let mut given = Vec::new();
    for (key, offset, value) in found {
        let origin = origin_at(offset);
        if TABLE.iter().any(|row| row.key == key) {
            given.push(GivenSetting { key, origin, raw: Raw::from_toml(value) });
        } else {
            let near = suggest(&key, TABLE.iter().map(|row| row.key));
            faults.push(BadKey {
                what: format!("there is no setting `{key}`{}", did_you_mean(near)),
                key,
                origin,
            });
        }
    }
    given
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(
        || "; `hookmill serve --print-config` lists them".to_owned(),
        |near| format!("; did you mean `{near}`?"),
    )
}

/// Every key with its sections, the offset of its name and its value. A table that a setting's
/// key names is a value of the wrong type, not a section.
fn flatten<'t, 'i>(prefix: &str, table: &'t DeTable<'i>, found: &mut Vec<(String, usize, &'t DeValue<'i>)>) {
    for (name, value) in table {
        let name: &Spanned<_> = name;
        let key = if prefix.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{prefix}.{}", name.get_ref())
        };
        let is_section = TABLE.iter().any(|row| row.key.starts_with(&format!("{key}.")));
        match value.get_ref() {
            DeValue::Table(inner) if is_section => flatten(&key, inner, found),
            other => found.push((key, name.span().start, other)),
        }
    }
}

//! The settings as a documented TOML file. Not here: reading one.

use crate::config::load::variable;
use crate::config::table::Config;
use crate::config::table::TABLE;

/// Every setting with its meaning, its variable and its value in `config`, as a file that loads
/// as the same settings. What is at its default or not set stands in a comment; secrets are hidden.
pub fn print(config: &Config) -> String {
    let defaults = Config::default().shown();
    let mut text = String::from("# Settings of hookmill. Values in comments are the defaults.\n");
    let mut section = "";
    let mut rows: Vec<_> = TABLE.iter().zip(config.shown()).zip(defaults).collect();
    // TOML wants the keys without a section first; the sort is stable.
    rows.sort_by_key(|((row, _), _)| row.key.contains('.'));
    for ((row, (key, value)), (_, default)) in rows {
        let (in_section, name) = key.split_once('.').unwrap_or(("", key));
        if in_section != section {
            section = in_section;
            text.push_str(&format!("\n[{section}]\n"));
        }
        text.push('\n');
        for line in row.doc {
            text.push_str(&format!("#{line}\n"));
        }
        text.push_str(&format!("# {}\n", variable(key)));
        let hidden = matches!(value.as_deref(), Some("\"(hidden)\""));
        let comment = if value == default || hidden { "# " } else { "" };
        text.push_str(&format!("{comment}{name} = {}\n", value.as_deref().unwrap_or("\"\"")));
    }
    text
}

//! The types a setting can have: how each is read from what was given and shown again.
//! Not here: which setting has which type (`table`).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use crate::config::given::Raw;
use crate::domain::retry::RetryPolicy;
use crate::domain::retry::RetryPreset;
use crate::domain::secret::Secret;
use crate::domain::units;

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// What log lines look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStyle {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The name of a retry preset, for destinations that give no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryName(pub RetryPreset);

impl RetryName {
    /// The policy it stands for.
    pub fn policy(self) -> RetryPolicy {
        self.0.policy()
    }
}

/// A type of settings.
pub(super) trait SettingValue: Sized {
    /// Whether its value may be shown.
    const SECRET: bool = false;

    /// Reads it, or says what was expected (`expected …`).
    fn read(raw: &Raw) -> Result<Self, String>;

    /// As a TOML literal; `None` when it is not set.
    fn show(&self) -> Option<String>;

    /// Whether it lies between two values given as text. True for types without an order.
    fn between(&self, _low: &str, _high: &str) -> bool {
        true
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn text<'a>(raw: &'a Raw, wanted: &str) -> Result<&'a str, String> {
    match raw {
        Raw::Text(text) => Ok(text.trim()),
        _ => Err(format!("expected {wanted} in quotes")),
    }
}

fn within<T: SettingValue + PartialOrd>(value: &T, low: &str, high: &str) -> bool {
    let bound = |text: &str| T::read(&Raw::Text(text.to_owned()));
    bound(low).is_ok_and(|low| *value >= low) && bound(high).is_ok_and(|high| *value <= high)
}

impl SettingValue for bool {
    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Flag(flag) => Ok(*flag),
            Raw::Text(text) if matches!(text.as_str(), "true" | "1") => Ok(true),
            Raw::Text(text) if matches!(text.as_str(), "false" | "0") => Ok(false),
            _ => Err("expected true or false".to_owned()),
        }
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl SettingValue for u32 {
    fn read(raw: &Raw) -> Result<Self, String> {
        let number = match raw {
            Raw::Integer(number) => Self::try_from(*number).ok(),
            Raw::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| "expected a whole number".to_owned())
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn between(&self, low: &str, high: &str) -> bool {
        within(self, low, high)
    }
}

impl SettingValue for ByteSize {
    fn read(raw: &Raw) -> Result<Self, String> {
        units::parse_size(text(raw, "a size such as \"1MiB\"")?).map(Self)
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&units::show_size(self.0)))
    }

    fn between(&self, low: &str, high: &str) -> bool {
        within(self, low, high)
    }
}

impl SettingValue for Duration {
    fn read(raw: &Raw) -> Result<Self, String> {
        units::parse_duration(text(raw, "a duration such as \"15s\"")?)
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&units::show_duration(*self)))
    }

    fn between(&self, low: &str, high: &str) -> bool {
        within(self, low, high)
    }
}

impl SettingValue for SocketAddr {
    fn read(raw: &Raw) -> Result<Self, String> {
        let wanted = "an address and port such as 127.0.0.1:8080";
        let text = text(raw, wanted)?;
        let text = text
            .strip_prefix("localhost:")
            .map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
        text.parse().map_err(|_| format!("expected {wanted}"))
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

impl SettingValue for PathBuf {
    fn read(raw: &Raw) -> Result<Self, String> {
        match text(raw, "a path")? {
            "" => Err("expected a path".to_owned()),
            path => Ok(Self::from(path)),
        }
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.to_string_lossy()))
    }
}

impl SettingValue for String {
    fn read(raw: &Raw) -> Result<Self, String> {
        let visible =
            |text: &&str| !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let found = Some(text(raw, "a text")?).filter(visible);
        found.map(str::to_owned).ok_or_else(|| "expected a text of visible ASCII characters".to_owned())
    }

    fn show(&self) -> Option<String> {
        Some(quoted(self))
    }
}

impl SettingValue for url::Url {
    fn read(raw: &Raw) -> Result<Self, String> {
        let wanted = "an http or https URL without path and query, such as https://hooks.example.com";
        let url = Self::parse(text(raw, wanted)?).map_err(|_| format!("expected {wanted}"))?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty();
        if plain { Ok(url) } else { Err(format!("expected {wanted}")) }
    }

    fn show(&self) -> Option<String> {
        Some(quoted(self.as_str().trim_end_matches('/')))
    }
}

impl SettingValue for Secret {
    const SECRET: bool = true;

    fn read(raw: &Raw) -> Result<Self, String> {
        let text = text(raw, "a key")?;
        let fits = text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits {
            Ok(Self::new(text))
        } else {
            Err("expected at least 8 visible ASCII characters without spaces".to_owned())
        }
    }

    fn show(&self) -> Option<String> {
        Some(quoted("(hidden)"))
    }
}

impl SettingValue for LogStyle {
    fn read(raw: &Raw) -> Result<Self, String> {
        match text(raw, "text or json")? {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("expected text or json".to_owned()),
        }
    }

    fn show(&self) -> Option<String> {
        Some(quoted(if *self == Self::Json { "json" } else { "text" }))
    }
}

impl SettingValue for RetryName {
    fn read(raw: &Raw) -> Result<Self, String> {
        let names = RetryPreset::ALL.map(|(name, _)| name).join(", ");
        let text = text(raw, &format!("one of {names}"))?;
        let found = RetryPreset::ALL.into_iter().find(|(name, _)| *name == text);
        found.map(|(_, preset)| Self(preset)).ok_or_else(|| format!("expected one of {names}"))
    }

    fn show(&self) -> Option<String> {
        RetryPreset::ALL.into_iter().find(|(_, preset)| *preset == self.0).map(|(name, _)| quoted(name))
    }
}

impl SettingValue for IpNet {
    fn read(raw: &Raw) -> Result<Self, String> {
        let wanted = "a network such as 10.0.0.0/8 or a single address";
        let text = text(raw, wanted)?;
        let net = text.parse().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(Self::from));
        net.map(|net: Self| net.trunc()).ok_or_else(|| format!("expected {wanted}"))
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

/// In the file a list of strings, elsewhere one text with commas.
impl<T: SettingValue> SettingValue for Vec<T> {
    fn read(raw: &Raw) -> Result<Self, String> {
        let items: Vec<&str> = match raw {
            Raw::List(items) => items.iter().map(String::as_str).collect(),
            Raw::Text(text) => text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect(),
            _ => return Err("expected a list of texts".to_owned()),
        };
        let read = |item: &str| {
            T::read(&Raw::Text(item.to_owned())).map_err(|wanted| format!("{wanted}, not `{item}`"))
        };
        items.into_iter().map(read).collect()
    }

    fn show(&self) -> Option<String> {
        Some(format!("[{}]", self.iter().filter_map(SettingValue::show).collect::<Vec<_>>().join(", ")))
    }
}

/// Not set when the text is empty.
impl<T: SettingValue> SettingValue for Option<T> {
    const SECRET: bool = T::SECRET;

    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Text(text) if text.trim().is_empty() => Ok(None),
            _ => T::read(raw).map(Some),
        }
    }

    fn show(&self) -> Option<String> {
        self.as_ref().and_then(SettingValue::show)
    }

    fn between(&self, low: &str, high: &str) -> bool {
        self.as_ref().is_none_or(|value| value.between(low, high))
    }
}

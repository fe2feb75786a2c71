//! Key material with one way out. Not here: comparing (`rules::verify`, in constant time).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde::{Deserialize, Deserializer, Serializer};
use zeroize::Zeroize;

/// A secret as the user gave it (text). Not `Display`, `PartialEq` or plainly `Serialize`: to
/// print or compare one is a compile error. Its memory is wiped when it goes.
#[derive(Clone, Default)]
pub struct Secret(String);

impl Secret {
    /// Takes the text in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The single way out; search for this name to list every reader.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// For `#[serde(serialize_with)]` in documents that only the store sees.
    pub fn serialize_for_store<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }

    /// Up to four last characters, to recognise a secret of at least 12 characters by.
    pub fn last4(&self) -> &str {
        let start = self.0.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
        if self.0.len() >= 12 { &self.0[start..] } else { "" }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// A secret inside a document of the store: the same, and it serializes.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct StoredSecret(pub Secret);

impl serde::Serialize for StoredSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_for_store(serializer)
    }
}

/// Secrets that a plugin is given, by name, and what keeps them out of what it says.
#[derive(Clone, Default)]
pub struct NamedSecrets(Arc<[Named]>);

struct Named {
    name: String,
    value: Secret,
    /// The value as it may appear in texts, the longest first.
    spellings: Vec<Secret>,
}

impl NamedSecrets {
    /// These.
    pub fn new(secrets: impl IntoIterator<Item = (String, Secret)>) -> Self {
        let mut all: Vec<Named> = secrets
            .into_iter()
            .map(|(name, value)| Named { name, spellings: spellings(value.expose()), value })
            .collect();
        // A secret that is part of another must not leave the rest of that one behind.
        all.sort_by_key(|named| std::cmp::Reverse(named.value.expose().len()));
        Self(all.into())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.iter().find(|named| named.name == name).map(|named| &named.value)
    }

    /// Each with `[secret NAME]` for its value.
    pub fn names_only(&self) -> Self {
        Self::new(
            self.0.iter().map(|named| (named.name.clone(), Secret::new(format!("[secret {}]", named.name)))),
        )
    }

    /// The text with `[secret NAME]` in the place of each value, also where it is escaped for JSON or a URL.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for (named, spelling) in self.spelled() {
            if text.contains(spelling.expose()) {
                text = Cow::Owned(text.replace(spelling.expose(), &format!("[secret {}]", named.name)));
            }
        }
        text
    }

    /// The same for bytes of any kind.
    pub fn redact_bytes<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let mut bytes = Cow::Borrowed(bytes);
        for (named, spelling) in self.spelled() {
            let finder = memchr::memmem::Finder::new(spelling.expose());
            let places: Vec<usize> = finder.find_iter(&bytes).collect();
            if places.is_empty() {
                continue;
            }
            let (mut kept, mut from) = (Vec::with_capacity(bytes.len()), 0);
            for place in places {
                kept.extend_from_slice(&bytes[from..place]);
                kept.extend_from_slice(format!("[secret {}]", named.name).as_bytes());
                from = place + spelling.expose().len();
            }
            kept.extend_from_slice(&bytes[from..]);
            bytes = Cow::Owned(kept);
        }
        bytes
    }

    /// How many bytes at the end are the beginning of a value: of something that was cut off there. Fewer than four
    /// may be anything.
    pub fn begun_at_end(&self, bytes: &[u8]) -> usize {
        let begun = |spelling: &Secret| {
            let value = spelling.expose().as_bytes();
            (4..value.len()).rev().find(|length| bytes.ends_with(&value[..*length])).unwrap_or(0)
        };
        self.spelled().map(|(_, spelling)| begun(spelling)).max().unwrap_or(0)
    }

    fn spelled(&self) -> impl Iterator<Item = (&Named, &Secret)> {
        self.0.iter().flat_map(|named| named.spellings.iter().map(move |spelling| (named, spelling)))
    }
}

fn spellings(value: &str) -> Vec<Secret> {
    let json = serde_json::Value::from(value).to_string();
    let form: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let percent = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let mut all = vec![value.to_owned(), json[1..json.len() - 1].to_owned(), form, percent];
    all.retain(|spelling| !spelling.is_empty());
    all.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
    all.dedup();
    all.into_iter().map(Secret::new).collect()
}

impl fmt::Debug for NamedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|named| &named.name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_every_spelling() {
        let secrets = [("key", "abcd\"efgh/1"), ("longer", "xx-abcd\"efgh/1-yy")];
        let secrets = NamedSecrets::new(secrets.map(|(name, value)| (name.to_owned(), Secret::new(value))));
        let check = |text: &str, expected: &str| {
            assert_eq!(secrets.redact(text), expected);
            assert_eq!(secrets.redact_bytes(text.as_bytes()), expected.as_bytes());
        };
        check("nothing here", "nothing here");
        check("=abcd\"efgh/1=abcd\"efgh/1", "=[secret key]=[secret key]");
        check(r#"{"a":"abcd\"efgh/1"}"#, r#"{"a":"[secret key]"}"#);
        check("?k=abcd%22efgh%2F1&x", "?k=[secret key]&x");
        check("xx-abcd\"efgh/1-yy", "[secret longer]");
        assert_eq!(secrets.get("key").unwrap().expose(), "abcd\"efgh/1");
        for (text, expected) in [("", 0), ("xx abc", 0), ("xx abcd", 4), ("xx abcd%22", 7), ("abcd x", 0)] {
            assert_eq!(secrets.begun_at_end(text.as_bytes()), expected, "{text}");
        }
        assert!(secrets.get("none").is_none());
        assert!(!format!("{secrets:?}").contains("abcd"));
    }
}

//! Key material with one way out. Not here: comparing (`rules::verify`, in constant time).

use std::fmt;

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

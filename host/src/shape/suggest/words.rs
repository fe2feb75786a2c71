//! Names taken apart into words, and how alike two words are. Not here: finding those that are (`index`).

use crate::shape::spec::Letters;
use crate::shape::spec::distance;

/// Words of a name or path that count: of longer ones the last, which say most.
const WORDS_MAX: usize = 16;

/// Words that mean about the same in business payloads.
const SYNONYMS: &[&[&str]] = &[
    &["company", "account", "organization", "organisation", "org", "customer"],
    &["mail", "email"],
    &["phone", "telephone", "mobile", "tel"],
    &["website", "site", "url", "link", "href", "domain"],
    &["created", "creation", "inserted", "occurred", "detected"],
    &["updated", "modified", "changed"],
    &["date", "time", "timestamp", "at"],
    &["user", "person", "contact", "sender", "author"],
    &["kind", "type", "category"],
    &["price", "amount", "total", "value", "cost"],
    &["text", "message", "body", "content", "description"],
    &["title", "subject", "headline"],
    &["score", "confidence", "probability"],
    &["number", "no", "nr"],
    &["id", "identifier", "key", "uuid"],
];

/// The words of `name` behind those of what it is in.
pub(super) fn joined(words: &[String], name: &str) -> Vec<String> {
    last(words.iter().cloned().chain(split_words(name)).collect())
}

/// The words of a path.
pub(super) fn of_path(path: &str) -> Vec<String> {
    last(split_words(path))
}

fn last(mut words: Vec<String>) -> Vec<String> {
    words.drain(..words.len().saturating_sub(WORDS_MAX));
    words
}

/// The words of a name in any of the usual spellings: `companyName`, `company_name`, `Company-Name`.
fn split_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut start_new = true;
    let mut before_lower = false;
    for char in name.chars() {
        if !char.is_alphanumeric() {
            start_new = true;
            continue;
        }
        if start_new || (char.is_uppercase() && before_lower) {
            words.push(String::new());
        }
        start_new = false;
        before_lower = char.is_lowercase() || char.is_numeric();
        if let Some(word) = words.last_mut() {
            word.extend(char.to_lowercase());
        }
    }
    words
}

/// A word with what its likeness to others is decided by.
#[derive(Debug)]
pub(super) struct Word {
    /// Itself.
    pub(super) text: String,
    /// Without an `s` at its end.
    pub(super) singular: String,
    /// Which of the groups of words that mean the same it is in, a bit each.
    pub(super) meanings: u32,
    letters: Letters,
}

impl Word {
    pub(super) fn new(text: String) -> Self {
        let singular = text.strip_suffix('s').unwrap_or(&text).to_owned();
        let meanings = SYNONYMS
            .iter()
            .enumerate()
            .filter(|(_, group)| group.contains(&&*text))
            .fold(0, |bits, (at, _)| bits | 1 << at);
        Self { letters: Letters::of(&text), text, singular, meanings }
    }

    /// How alike two words are that are not the same, not singular and plural, and do not mean the same: 0.7 for one
    /// that is probably the other misspelt, else nothing. `looked` is told of the letters that had to be compared.
    pub(super) fn misspelt<E>(
        &self,
        other: &Self,
        looked: impl FnOnce(u64) -> Result<(), E>,
    ) -> Result<bool, E> {
        let longest = self.letters.count.max(other.letters.count);
        let allowed = longest / 4;
        let lengths = self.letters.count.abs_diff(other.letters.count);
        if longest < 4 || lengths > allowed || self.letters.differ_at_least(other.letters) > allowed {
            return Ok(false);
        }
        looked((self.letters.count * other.letters.count) as u64)?;
        Ok(distance(&self.text, &other.text) <= allowed)
    }
}

/// How alike two words are: 1 the same, 0 nothing in common.
pub(super) const SAME: f64 = 1.0;
/// Singular and plural.
pub(super) const INFLECTED: f64 = 0.95;
/// Words that mean the same.
pub(super) const SYNONYM: f64 = 0.8;
/// One of them misspelt.
pub(super) const MISSPELT: f64 = 0.7;

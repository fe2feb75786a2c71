//! A parsed body and the buffer that lets one parse follow another without allocating.
//! Not here: how it is parsed (`parse`) and how it is read (`node`).

use std::sync::OnceLock;

use crate::shape::fault::JsonFault;
use crate::shape::tape::parse;
use crate::shape::tape::parse::Token;
use crate::shape::tape::parse::TokenTag;
use crate::shape::tape::text;

/// Token of the array that stands around the whole text, as if it were written `[…]`.
pub(crate) const WRAPPER: u32 = 0;
/// Token of the text's value.
pub(crate) const ROOT: u32 = 1;

/// What a text may be to be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonLimits {
    /// Most bytes; at most 1 GiB, whatever it says.
    pub max_bytes: usize,
    /// Deepest nesting of arrays and objects; at most 128, whatever it says.
    pub max_depth: usize,
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self { max_bytes: 64 * 1024 * 1024, max_depth: parse::MAX_DEPTH }
    }
}

/// A JSON text, checked from end to end, and where its values are.
#[derive(Debug)]
pub struct Document<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token>,
    overridden: OnceLock<Box<[u32]>>,
}

impl<'a> Document<'a> {
    /// Checks and parses a text: UTF-8, RFC 8259, no half surrogate pairs, nothing after it.
    pub fn parse(body: &'a [u8]) -> Result<Self, JsonFault> {
        Self::parse_with(body, JsonLimits::default())
    }

    /// As [`Document::parse`], with limits of the caller's.
    pub fn parse_with(body: &'a [u8], limits: JsonLimits) -> Result<Self, JsonFault> {
        Self::parse_into(Vec::new(), body, limits).map_err(|(fault, _)| fault)
    }

    fn parse_into(
        mut tokens: Vec<Token>,
        body: &'a [u8],
        limits: JsonLimits,
    ) -> Result<Self, (JsonFault, Vec<Token>)> {
        let parsed = Self::fill(&mut tokens, body, limits);
        match parsed {
            Ok(text) => Ok(Self { text, tokens, overridden: OnceLock::new() }),
            Err((offset, what)) => Err((JsonFault::at(body, offset, what), tokens)),
        }
    }

    fn fill(
        tokens: &mut Vec<Token>,
        body: &'a [u8],
        limits: JsonLimits,
    ) -> Result<&'a str, (usize, &'static str)> {
        const MOST: usize = 1 << 30;
        if body.len() > limits.max_bytes.min(MOST) {
            return Err((limits.max_bytes.min(MOST), "the text is longer than allowed"));
        }
        let text = std::str::from_utf8(body).map_err(|e| (e.valid_up_to(), "not UTF-8"))?;
        tokens.clear();
        tokens.reserve(body.len() / 10 + 8);
        let end = body.len() as u32;
        tokens.push(Token { start: 0, end, next: 0, tag: TokenTag::Array });
        parse::parse(body, tokens, limits.max_depth)?;
        tokens[0].next = tokens.len() as u32;
        Ok(text)
    }

    /// The text as it came.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Keys and values in it.
    pub fn token_count(&self) -> usize {
        self.tokens.len() - 1
    }

    /// Keys that a later one of the same object replaces, in ascending order. Found once, when
    /// first asked for.
    pub(super) fn overridden(&self) -> &[u32] {
        self.overridden.get_or_init(|| self.find_overridden().into_boxed_slice())
    }

    fn find_overridden(&self) -> Vec<u32> {
        let mut found = Vec::new();
        let mut keys: Vec<(std::borrow::Cow<'_, str>, u32)> = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            if token.tag != TokenTag::Object {
                continue;
            }
            keys.clear();
            let mut key = index as u32 + 1;
            while key < token.next {
                keys.push((text::decode(self.inside(key)), key));
                key = self.tokens[key as usize + 1].next;
            }
            keys.sort_unstable();
            let pairs = keys.iter().zip(keys.iter().skip(1));
            found.extend(pairs.filter(|(one, next)| one.0 == next.0).map(|(one, _)| one.1));
        }
        found.sort_unstable();
        found
    }

    /// The text between the quotes of a string or key, escapes and all.
    #[inline]
    pub(super) fn inside(&self, index: u32) -> &str {
        let token = &self.tokens[index as usize];
        &self.text[token.start as usize + 1..token.end as usize - 1]
    }
}

/// Memory for tapes, kept from one text to the next.
#[derive(Debug, Default)]
pub struct TapeBuffer {
    tokens: Vec<Token>,
}

impl TapeBuffer {
    /// As [`Document::parse_with`], in this memory; give it back with [`TapeBuffer::put_back`].
    pub fn parse<'a>(&mut self, body: &'a [u8], limits: JsonLimits) -> Result<Document<'a>, JsonFault> {
        let tokens = std::mem::take(&mut self.tokens);
        Document::parse_into(tokens, body, limits).map_err(|(fault, tokens)| {
            self.tokens = tokens;
            fault
        })
    }

    /// Takes the memory of a document back. Of a very large one it is let go.
    pub fn put_back(&mut self, document: Document<'_>) {
        const KEEP_TOKENS: usize = 64 * 1024;
        let mut tokens = document.tokens;
        tokens.clear();
        tokens.shrink_to(KEEP_TOKENS);
        self.tokens = tokens;
    }
}

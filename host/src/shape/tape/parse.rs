//! Fills a tape: the structure of JSON, strictly as RFC 8259 has it, without recursion.
//! Not here: strings and numbers as such (`scan`).

use crate::shape::tape::scan;
use crate::shape::tape::scan::Bad;

/// What a token is. Keys are told from other strings so that a walk over the tape can skip them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum TokenTag {
    Null,
    False,
    True,
    Number,
    Text,
    TextEscaped,
    Key,
    KeyEscaped,
    Array,
    Object,
}

/// One value or key: its bytes, and the token after everything in it. 16 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) next: u32,
    pub(crate) tag: TokenTag,
}

/// Deepest nesting of arrays and objects, whatever a caller allows.
pub(super) const MAX_DEPTH: usize = 128;

struct Parser<'b> {
    bytes: &'b [u8],
    tokens: &'b mut Vec<Token>,
    open: [u32; MAX_DEPTH],
    depth: usize,
    most: usize,
}

/// Parses `bytes`, which must be shorter than 4 GiB, behind the tokens that are there.
pub(super) fn parse(bytes: &[u8], tokens: &mut Vec<Token>, max_depth: usize) -> Result<(), Bad> {
    let most = max_depth.min(MAX_DEPTH);
    let mut parser = Parser { bytes, tokens, open: [0; MAX_DEPTH], depth: 0, most };
    let mut at = scan::white(bytes, 0);
    loop {
        let (after, opened) = parser.value(at)?;
        if opened {
            at = after;
            continue;
        }
        match parser.follow(after)? {
            Some(next) => at = next,
            None => return Ok(()),
        }
    }
}

impl Parser<'_> {
    #[inline(always)]
    fn push(&mut self, start: usize, end: usize, tag: TokenTag) {
        let next = self.tokens.len() as u32 + 1;
        self.tokens.push(Token { start: start as u32, end: end as u32, next, tag });
    }

    /// Reads the value at `at`. The offset after it, or, if it is a container with content
    /// (`true`), that of its first value.
    #[inline(always)]
    fn value(&mut self, at: usize) -> Result<(usize, bool), Bad> {
        match self.bytes.get(at) {
            Some(b'"') => {
                let (end, escaped) = scan::string(self.bytes, at + 1)?;
                self.push(at, end + 1, if escaped { TokenTag::TextEscaped } else { TokenTag::Text });
                Ok((end + 1, false))
            }
            Some(b'{') => self.open(at, TokenTag::Object),
            Some(b'[') => self.open(at, TokenTag::Array),
            Some(b'-' | b'0'..=b'9') => {
                let end = scan::number(self.bytes, at)?;
                self.push(at, end, TokenTag::Number);
                Ok((end, false))
            }
            Some(b't') => self.word(at, b"true", TokenTag::True),
            Some(b'f') => self.word(at, b"false", TokenTag::False),
            Some(b'n') => self.word(at, b"null", TokenTag::Null),
            Some(_) => Err((at, "a value was expected")),
            None => Err((at, "a value was expected, but the text ends here")),
        }
    }

    #[inline(always)]
    fn word(&mut self, at: usize, word: &[u8], tag: TokenTag) -> Result<(usize, bool), Bad> {
        let end = at + word.len();
        if self.bytes.get(at..end) != Some(word) {
            return Err((at, "a value was expected"));
        }
        self.push(at, end, tag);
        Ok((end, false))
    }

    #[inline(always)]
    fn open(&mut self, at: usize, tag: TokenTag) -> Result<(usize, bool), Bad> {
        if self.depth >= self.most {
            return Err((at, "arrays and objects are nested too deep"));
        }
        let index = self.tokens.len();
        self.push(at, at + 1, tag);
        let inside = scan::white(self.bytes, at + 1);
        let closer = if tag == TokenTag::Object { b'}' } else { b']' };
        if self.bytes.get(inside) == Some(&closer) {
            self.tokens[index].end = inside as u32 + 1;
            return Ok((inside + 1, false));
        }
        self.open[self.depth] = index as u32;
        self.depth += 1;
        let first = if tag == TokenTag::Object { self.key(inside)? } else { inside };
        Ok((first, true))
    }

    /// After a value: closes what ends here. The offset of the next value, or `None` at the end.
    #[inline(always)]
    fn follow(&mut self, mut at: usize) -> Result<Option<usize>, Bad> {
        loop {
            at = scan::white(self.bytes, at);
            if self.depth == 0 {
                let done = at == self.bytes.len();
                return if done { Ok(None) } else { Err((at, "there is more after the value")) };
            }
            let top = self.open[self.depth - 1] as usize;
            let object = self.tokens[top].tag == TokenTag::Object;
            match self.bytes.get(at) {
                Some(b',') => {
                    let next = scan::white(self.bytes, at + 1);
                    return Ok(Some(if object { self.key(next)? } else { next }));
                }
                Some(b'}') if object => {}
                Some(b']') if !object => {}
                _ if object => return Err((at, "`,` or `}` was expected")),
                _ => return Err((at, "`,` or `]` was expected")),
            }
            at += 1;
            let next = self.tokens.len() as u32;
            let token = &mut self.tokens[top];
            token.end = at as u32;
            token.next = next;
            self.depth -= 1;
        }
    }

    /// Reads the key at `at` and its colon; the offset of its value.
    #[inline(always)]
    fn key(&mut self, at: usize) -> Result<usize, Bad> {
        if self.bytes.get(at) != Some(&b'"') {
            return Err((at, "a key in double quotes was expected"));
        }
        let (end, escaped) = scan::string(self.bytes, at + 1)?;
        self.push(at, end + 1, if escaped { TokenTag::KeyEscaped } else { TokenTag::Key });
        let colon = scan::white(self.bytes, end + 1);
        if self.bytes.get(colon) != Some(&b':') {
            return Err((colon, "`:` was expected"));
        }
        Ok(scan::white(self.bytes, colon + 1))
    }
}

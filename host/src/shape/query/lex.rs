//! A look at the query's text before jsonpath-rust's parser sees it: its limits, white space its
//! grammar lets through between the letters of a word, and numbers that its tree cannot hold
//! exactly, which travel through it as marked strings. Not here: the grammar.

use crate::shape::budget::MAX_CALL_NESTING;
use crate::shape::budget::MAX_QUERY_BYTES;
use crate::shape::budget::MAX_QUERY_NESTING;
use crate::shape::tape::number_end;

/// Starts a string that stands for a number. A noncharacter: no text means anything by it.
const MARK: char = '\u{10FFFF}';

/// A query ready for the parser, and the numbers taken out of it.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    pub(super) text: String,
    numbers: Vec<Box<str>>,
}

/// What a string of the parsed tree really is.
pub(super) enum Unmarked<'a> {
    Text(&'a str),
    Number(&'a str),
}

impl Prepared {
    pub(super) fn unmark<'a>(&'a self, text: &'a str) -> Unmarked<'a> {
        let number = text.strip_prefix(MARK).and_then(|index| self.numbers.get(index.parse::<usize>().ok()?));
        number.map_or(Unmarked::Text(text), |number| Unmarked::Number(number))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Last {
    Word,
    Number,
    /// A point or minus, which what follows must touch.
    Binding,
    Other,
}

struct Lexer<'q> {
    query: &'q str,
    at: usize,
    last: Last,
    spaced: bool,
    open: Vec<bool>,
    calls: usize,
    out: Prepared,
}

/// Checks the words of `query`; the fault names the byte.
pub(super) fn prepare(query: &str) -> Result<Prepared, String> {
    if query.len() > MAX_QUERY_BYTES {
        return Err(format!("the query has {} bytes; at most {MAX_QUERY_BYTES} are allowed", query.len()));
    }
    if query.contains(MARK) {
        return Err("the query contains U+10FFFF, which is not a character".to_owned());
    }
    let mut lexer = Lexer {
        query,
        at: 0,
        last: Last::Other,
        spaced: false,
        open: Vec::new(),
        calls: 0,
        out: Prepared { text: String::with_capacity(query.len()), numbers: Vec::new() },
    };
    while let Some(byte) = query.as_bytes().get(lexer.at) {
        lexer.token(*byte)?;
    }
    Ok(lexer.out)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl<'q> Lexer<'q> {
    fn token(&mut self, byte: u8) -> Result<(), String> {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {
                if self.last == Last::Binding {
                    return Err(format!("white space is not allowed at byte {}", self.at));
                }
                self.spaced = true;
                self.copy(1);
                Ok(())
            }
            b'\'' | b'"' => self.string(byte),
            b'0'..=b'9' | b'-' => self.number(),
            _ if is_word(byte) => self.word(),
            b'(' | b'[' => self.open(),
            b')' | b']' => {
                if self.open.pop() == Some(true) {
                    self.calls -= 1;
                }
                self.mark(Last::Other, 1)
            }
            b'.' if self.last == Last::Number => self.misplaced(),
            b'.' => self.mark(Last::Binding, 1),
            _ => self.mark(Last::Other, 1),
        }
    }

    fn copy(&mut self, bytes: usize) {
        self.out.text.push_str(&self.query[self.at..self.at + bytes]);
        self.at += bytes;
    }

    fn mark(&mut self, last: Last, bytes: usize) -> Result<(), String> {
        self.copy(bytes);
        self.last = last;
        self.spaced = false;
        Ok(())
    }

    fn misplaced(&self) -> Result<(), String> {
        Err(format!("an operator was expected at byte {}", self.at))
    }

    fn string(&mut self, quote: u8) -> Result<(), String> {
        let bytes = self.query.as_bytes();
        let mut end = self.at + 1;
        loop {
            match bytes.get(end) {
                Some(b'\\') => end += 2,
                Some(byte) if *byte == quote => break,
                Some(_) => end += 1,
                None => return Err(format!("the string at byte {} has no end", self.at)),
            }
        }
        self.mark(Last::Other, end + 1 - self.at)
    }

    fn word(&mut self) -> Result<(), String> {
        if self.last == Last::Number || (self.last == Last::Word && self.spaced) {
            return self.misplaced();
        }
        let rest = &self.query.as_bytes()[self.at..];
        let length = rest.iter().take_while(|byte| is_word(**byte)).count();
        self.mark(Last::Word, length)
    }

    fn number(&mut self) -> Result<(), String> {
        if matches!(self.last, Last::Number | Last::Word) {
            return self.misplaced();
        }
        let Some(end) = number_end(self.query.as_bytes(), self.at) else {
            return self.mark(Last::Binding, 1);
        };
        let text = &self.query[self.at..end];
        let plain =
            text.trim_start_matches('-').len() <= 16 && !text.contains(['.', 'e', 'E']) && text != "-0";
        if plain {
            return self.mark(Last::Number, text.len());
        }
        let index = self.out.numbers.len();
        self.out.text.push_str(&format!("'{MARK}{index}'"));
        self.out.numbers.push(text.into());
        self.at = end;
        self.last = Last::Number;
        self.spaced = false;
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        let call = self.last == Last::Word && !self.spaced && self.query.as_bytes()[self.at] == b'(';
        self.open.push(call);
        self.calls += usize::from(call);
        if self.open.len() > MAX_QUERY_NESTING {
            return Err(format!("brackets are nested more than {MAX_QUERY_NESTING} deep"));
        }
        if self.calls > MAX_CALL_NESTING {
            return Err(format!("functions are nested more than {MAX_CALL_NESTING} deep"));
        }
        self.mark(Last::Other, 1)
    }
}

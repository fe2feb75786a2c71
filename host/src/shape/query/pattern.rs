//! Regular expressions of linear time: I-Regexp (RFC 9485) as `match` and `search` have it.
//! Not here: where the texts come from.

use regex::Regex;
use regex::RegexBuilder;

use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::budget::MAX_REGEX_BYTES;
use crate::shape::budget::MAX_REGEX_SIZE;

/// A compiled expression and what it may cost.
#[derive(Clone, Debug)]
pub(crate) struct RegexPattern {
    regex: Regex,
    /// Half visits for each byte of a text. An expression that fits no automaton is run state by
    /// state, so that its time is that of its size times the text's.
    half_visits: u64,
}

impl RegexPattern {
    /// The expression, as the `regex` crate reads it.
    pub(crate) fn text(&self) -> &str {
        self.regex.as_str()
    }

    /// Its size, in units of 4 KiB.
    pub(crate) fn units(&self) -> u64 {
        self.half_visits
    }

    /// Whether it is found in `text`.
    pub(crate) fn is_match(&self, text: &str, budget: &mut Budget) -> Result<bool, Exhausted> {
        self.pay(text, budget)?;
        Ok(self.regex.is_match(text))
    }

    /// The expression, paid for one run over `text`.
    pub(crate) fn paid(&self, text: &str, budget: &mut Budget) -> Result<&Regex, Exhausted> {
        self.pay(text, budget)?;
        Ok(&self.regex)
    }

    fn pay(&self, text: &str, budget: &mut Budget) -> Result<(), Exhausted> {
        budget.visit((text.len() as u64).saturating_mul(self.half_visits) / 2 + 1)
    }
}

/// A pattern that stands in a query. One that is no regular expression matches nothing (RFC 9535,
/// 2.4.6); one that is too large is a fault.
pub(super) fn compile_literal(pattern: &str, whole: bool) -> Result<Option<RegexPattern>, String> {
    if pattern.len() > MAX_REGEX_BYTES {
        return Err(format!(
            "the regular expression has {} bytes; at most {MAX_REGEX_BYTES} are allowed",
            pattern.len()
        ));
    }
    match build(&translate(pattern, whole)) {
        Ok(regex) => Ok(Some(regex)),
        Err(regex::Error::CompiledTooBig(_)) => Err(too_large(pattern)),
        Err(_) => Ok(None),
    }
}

/// A pattern that comes from the document; what is too large or wrong matches nothing.
pub(super) fn compile_computed(pattern: &str, whole: bool) -> Option<RegexPattern> {
    if pattern.len() > MAX_REGEX_BYTES {
        return None;
    }
    build(&translate(pattern, whole)).ok()
}

/// A pattern of a filter's or mapping's own, found anywhere in a text; the fault says why not.
pub(crate) fn compile_regex(pattern: &str) -> Result<RegexPattern, String> {
    if pattern.len() > MAX_REGEX_BYTES {
        return Err(too_large(pattern));
    }
    build(pattern).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => too_large(pattern),
        other => {
            let text = other.to_string();
            let reason = text.lines().last().unwrap_or("it cannot be read").trim();
            format!("`{pattern}` is not a regular expression: {}", reason.trim_start_matches("error: "))
        }
    })
}

fn too_large(pattern: &str) -> String {
    let shown = crate::shape::fault::bounded(pattern);
    format!("the regular expression `{shown}` is too large: shorten it or lower its repetitions")
}

/// The smallest program the expression compiles to, by powers of four.
fn build(pattern: &str) -> Result<RegexPattern, regex::Error> {
    const SMALLEST: usize = 4 * 1024;
    let mut size = SMALLEST;
    loop {
        match RegexBuilder::new(pattern).size_limit(size).dfa_size_limit(MAX_REGEX_SIZE).build() {
            Err(regex::Error::CompiledTooBig(_)) if size < MAX_REGEX_SIZE => size *= 4,
            Err(error) => return Err(error),
            Ok(regex) => return Ok(RegexPattern { regex, half_visits: (size / SMALLEST) as u64 }),
        }
    }
}

/// I-Regexp for the `regex` crate (RFC 9485, 5.4): a point is anything but line ends, and
/// `match` takes the whole text.
fn translate(pattern: &str, whole: bool) -> String {
    let mut translated = String::with_capacity(pattern.len() + 16);
    if whole {
        translated.push_str(r"\A(?:");
    }
    let (mut class, mut escaped) = (false, false);
    for char in pattern.chars() {
        match char {
            _ if escaped => {
                escaped = false;
                translated.push(char);
                continue;
            }
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '.' if !class => {
                translated.push_str(r"[^\n\r]");
                continue;
            }
            _ => {}
        }
        translated.push(char);
    }
    if whole {
        translated.push_str(r")\z");
    }
    translated
}

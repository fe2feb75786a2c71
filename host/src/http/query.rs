//! Parameters of a query, read by a table as bodies are: every fault at once.

use std::borrow::Cow;
use std::cell::RefCell;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::control::FieldFault;
use crate::domain::suggest::suggest;
use crate::http::form::Field;
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::problem::Kind;
use crate::http::problem::Problem;

/// Items of a page when the request does not say.
const LIMIT: usize = 50;
/// Faults told of one query.
const FAULTS_MAX: usize = 100;
/// Most items of a page.
const LIMIT_MAX: usize = 500;

/// How many items a page has.
pub(crate) const LIMIT_FIELD: Field =
    field("limit", Shape::Whole, "Items of a page, 1 to 500; 50 if not given.");
/// Where a page begins.
pub(crate) const CURSOR_FIELD: Field = field("cursor", Shape::Text, "The `next_cursor` of the page before.");
/// The parameters of a list without filters.
pub(crate) const LIST: &[Field] = &[LIMIT_FIELD, CURSOR_FIELD];

/// The parameters of one request.
#[derive(Debug)]
pub(crate) struct Params<'a> {
    values: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    faults: RefCell<Vec<FieldFault>>,
}

impl<'a> Params<'a> {
    /// Reads a query; notes unknown and repeated parameters.
    pub(crate) fn read(query: &'a str, fields: &'static [Field]) -> Self {
        let values: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let params = Self { values, faults: RefCell::default() };
        for (at, (name, _)) in params.values.iter().enumerate() {
            if params.faults.borrow().len() >= FAULTS_MAX {
                break;
            }
            if !fields.iter().any(|field| field.name == name) {
                let names = || fields.iter().map(|field| field.name);
                let detail = match suggest(name, names()) {
                    Some(meant) => format!("there is no such parameter; did you mean `{meant}`?"),
                    None if fields.is_empty() => "this request takes no parameters".to_owned(),
                    None => format!(
                        "there is no such parameter; there are {}",
                        names().collect::<Vec<_>>().join(", ")
                    ),
                };
                params.fault(name, detail);
            } else if params.values[..at].iter().any(|(earlier, _)| earlier == name) {
                params.fault(name, "this parameter is there twice".to_owned());
            }
        }
        params
    }

    /// Notes a fault.
    pub(crate) fn fault(&self, name: &str, detail: String) {
        self.faults.borrow_mut().push(FieldFault { pointer: format!("?{name}"), detail });
    }

    /// A parameter as it stands.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_ref())
    }

    /// A parameter in the form of `T`.
    pub(crate) fn parsed<T>(&self, name: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        match self.text(name)?.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.fault(name, error.to_string());
                None
            }
        }
    }

    /// One of these.
    pub(crate) fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = choices.iter().find(|(choice, _)| *choice == text);
        if found.is_none() {
            let known: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
            self.fault(name, format!("expected any of {}", known.join(", ")));
        }
        found.map(|(_, meant)| *meant)
    }

    /// How many items a page has.
    pub(crate) fn limit(&self) -> usize {
        let Some(text) = self.text("limit") else { return LIMIT };
        match text.parse() {
            Ok(limit) if (1..=LIMIT_MAX).contains(&limit) => limit,
            _ => {
                self.fault("limit", format!("expected a number from 1 to {LIMIT_MAX}"));
                LIMIT
            }
        }
    }

    /// Where the page begins: the bits of the last id before it.
    pub(crate) fn cursor(&self) -> Option<u128> {
        let text = self.text("cursor")?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        if bytes.is_none() {
            self.fault("cursor", "this is not a `next_cursor` of this list".to_owned());
        }
        bytes.map(u128::from_be_bytes)
    }

    /// Nothing, or every fault.
    pub(crate) fn done(self) -> Result<(), Problem> {
        let faults = self.faults.into_inner();
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(Kind::InvalidQuery, faults)) }
    }
}

/// A cursor for the page after the item with these bits.
pub(crate) fn cursor(bits: u128) -> String {
    URL_SAFE_NO_PAD.encode(bits.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: &[&str]) {
        let params = Params::read(query, LIST);
        params.limit();
        params.cursor();
        let faults = params.faults.into_inner();
        let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, expected, "{query}");
    }

    #[test]
    fn every_fault_is_found() {
        check("", &[]);
        check("limit=500", &[]);
        check("limit=501", &["?limit"]);
        check("limit=0&lmit=3&cursor=x", &["?lmit", "?limit", "?cursor"]);
        check("limit=1&limit=2", &["?limit"]);
        check(&format!("cursor={}", cursor(7)), &[]);
    }

    #[test]
    fn a_cursor_comes_back() {
        let query = format!("cursor={}", cursor(u128::MAX - 5));
        assert_eq!(Params::read(&query, LIST).cursor(), Some(u128::MAX - 5));
    }
}

//! The faults of one request, collected while it is read. Not here: what is a fault.

use std::fmt::Display;
use std::str::FromStr;

use crate::control::FAULTS_MAX;
use crate::control::FieldFault;
use crate::http::problem::Kind;
use crate::http::problem::Problem;

/// What is wrong with a request, place by place.
#[derive(Debug, Default)]
pub(crate) struct RequestFaults {
    found: Vec<FieldFault>,
    is_query: bool,
}

impl RequestFaults {
    /// Those of a query: its parameters are `?name`.
    pub(super) fn of_query() -> Self {
        Self { is_query: true, ..Self::default() }
    }

    /// What is wrong: a field, or a parameter.
    pub(super) fn noun(&self) -> &'static str {
        if self.is_query { "parameter" } else { "field" }
    }

    /// Whether no further fault is told.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= FAULTS_MAX
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Notes one.
    pub(crate) fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        if self.is_full() {
            return;
        }
        let mut pointer = pointer.into();
        if self.is_query && pointer.starts_with('/') {
            pointer.replace_range(..1, "?");
        }
        self.found.push(FieldFault { pointer, detail: detail.into() });
    }

    /// Notes that something is missing, unless it is known already that something is wrong there.
    pub(crate) fn missing(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        let pointer = pointer.into();
        if !self.has_below(&pointer) {
            self.add(pointer, detail);
        }
    }

    /// Whether something is wrong at this place or below.
    pub(crate) fn has_below(&self, pointer: &str) -> bool {
        let is_below = |fault: &FieldFault| {
            fault.pointer.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.found.iter().any(is_below)
    }

    /// A text in the form of `T`, whose own error says what was wanted.
    pub(crate) fn parsed<T>(&mut self, pointer: impl Into<String>, text: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        text.parse().map_err(|error: T::Err| self.add(pointer, error.to_string())).ok()
    }

    /// All of them.
    pub(crate) fn into_inner(self) -> Vec<FieldFault> {
        self.found
    }

    /// Those so far.
    #[cfg(test)]
    pub(crate) fn as_slice(&self) -> &[FieldFault] {
        &self.found
    }

    /// Nothing, or a problem of that kind.
    pub(crate) fn done(self, kind: Kind) -> Result<(), Problem> {
        if self.found.is_empty() { Ok(()) } else { Err(Problem::invalid(kind, self.found)) }
    }
}

/// `pointer` and one more name, escaped by RFC 6901.
pub(crate) fn pointer_to(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

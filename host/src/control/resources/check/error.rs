//! Why a change of the configuration was refused, and the collector of its faults.

use crate::control::FieldFault;
use crate::store::StoreError;

/// Why a change of the configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// The document is wrong; every fault with its place.
    #[error("{}", in_words(what, faults.len()))]
    Invalid {
        /// `source`, `destination`, `connection`, ….
        what: &'static str,
        /// At least one.
        faults: Vec<FieldFault>,
    },
    /// Nothing of that kind has that id or name in this workspace.
    #[error("there is no {what} `{id}` in this workspace")]
    NotFound {
        /// `source`, `destination`, `connection`, ….
        what: &'static str,
        /// As it was asked for.
        id: String,
    },
    /// It is in use, or the last of its kind.
    #[error("{0}")]
    Conflict(String),
    /// The workspace may not have more of it.
    #[error("{0}")]
    OverLimit(String),
    /// The key may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// A plan was made from a configuration that is not in force any more.
    #[error("the configuration has changed since this plan was made; make a new one")]
    Stale,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn in_words(what: &str, faults: usize) -> String {
    match faults {
        1 => format!("the {what} has a fault"),
        many => format!("the {what} has {many} faults"),
    }
}

/// Collects the faults of one document.
#[derive(Debug)]
pub(crate) struct Faults {
    what: &'static str,
    found: Vec<FieldFault>,
}

impl Faults {
    /// Begins with those that were found when the request was read.
    pub(crate) fn of(what: &'static str, found: Vec<FieldFault>) -> Self {
        Self { what, found }
    }

    /// One more.
    pub(crate) fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.found.push(FieldFault { pointer: pointer.into(), detail: detail.into() });
    }

    /// Faults of a part, whose pointers go on after `pointer`.
    pub(crate) fn add_below(&mut self, pointer: &str, faults: Vec<FieldFault>) {
        for fault in faults {
            self.add(format!("{pointer}{}", fault.pointer), fault.detail);
        }
    }

    /// A field that must be there and is not. Says nothing if it was there and unreadable.
    pub(crate) fn missing(&mut self, pointer: &str, detail: impl Into<String>) {
        if !self.within(pointer) {
            self.add(pointer, detail);
        }
    }

    /// Whether there is a fault at that place or below it.
    pub(crate) fn within(&self, pointer: &str) -> bool {
        self.found.iter().any(|fault| {
            fault.pointer.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    /// All of them.
    pub(crate) fn into_inner(self) -> Vec<FieldFault> {
        self.found
    }

    /// Nothing, or all of them.
    pub(crate) fn done(self) -> Result<(), ManageError> {
        if self.found.is_empty() {
            return Ok(());
        }
        Err(ManageError::Invalid { what: self.what, faults: self.found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_unreadable_is_not_called_missing_too() {
        let mut faults = Faults::of("source", Vec::new());
        faults.add("/signing/secret", "x");
        faults.missing("/signing", "y");
        faults.missing("/sign", "z");
        let ManageError::Invalid { faults, .. } = faults.done().unwrap_err() else { panic!("invalid") };
        let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/signing/secret", "/sign"]);
    }
}

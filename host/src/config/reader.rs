//! Hands out settings by key, from all that was given. Not here: which keys there are (`table`), what gave them (`load`).

use crate::config::fault::BadKey;
use crate::config::given::GivenSetting;
use crate::config::given::Raw;
use crate::config::value::SettingValue;

/// Hands out settings by key and keeps the faults.
pub(super) struct SettingReader<'a> {
    pub(super) given: &'a [GivenSetting],
    pub(super) faults: Vec<BadKey>,
}

impl SettingReader<'_> {
    /// The last value given for `key`, or its default. Every value given is checked, also those
    /// that a later one replaces.
    pub(super) fn take<T: SettingValue>(&mut self, key: &str, default: &str, bounds: &[(&str, &str)]) -> T {
        let default = T::read(&Raw::Text(default.to_owned()));
        let mut value = default.expect("the table's defaults are valid: a test reads them all");
        for given in self.given.iter().filter(|given| given.key == key) {
            match read_within::<T>(&given.raw, bounds) {
                Ok(read) => value = read,
                Err(wanted) => {
                    let seen = if T::SECRET { "something else".to_owned() } else { given.raw.seen() };
                    let what = format!("{key}: {wanted}; it is {seen}");
                    self.faults.push(BadKey { key: key.to_owned(), origin: given.origin.clone(), what });
                }
            }
        }
        value
    }
}

fn read_within<T: SettingValue>(raw: &Raw, bounds: &[(&str, &str)]) -> Result<T, String> {
    let value = T::read(raw)?;
    match bounds.iter().find(|(low, high)| !value.between(low, high)) {
        Some((low, high)) => Err(format!("expected a value from {low} to {high}")),
        None => Ok(value),
    }
}

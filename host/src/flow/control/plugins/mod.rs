//! Plugins and their versions: taken in (`upload`), made ready to run (`artifacts`), kept from running (`quarantine`).
//! Not here: running them.

pub mod artifacts;
pub mod quarantine;
pub mod upload;

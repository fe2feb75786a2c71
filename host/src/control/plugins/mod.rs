//! Plugins and their versions: taken in and made the active one (`upload`), if captured tests pass (`tests`); made ready
//! to run (`artifacts`), kept from running (`quarantine`). Not here: running them.

mod artifacts;
mod quarantine;
pub mod tests;
mod upload;

pub use upload::Activate;
pub use upload::Uploaded;
pub(crate) use upload::consent;

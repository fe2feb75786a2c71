//! Who may, and what is kept secret: workspaces, keys of the API and of sources, secrets.

pub(super) mod api_keys;
pub(super) mod keys;
pub(super) mod secrets;
pub(super) mod source_keys;
pub(super) mod workspaces;

use crate::http::door::Routes;

/// The operations.
pub(super) fn routes() -> Routes {
    [source_keys::routes(), secrets::routes(), workspaces::routes(), api_keys::routes()]
        .into_iter()
        .fold(Routes::default(), Routes::and)
}

//! `/v1/tables`: tables (`definition`), their columns (`columns`), their rows one by one (`rows`) and as text with commas
//! (`csv`).

pub(super) mod columns;
mod csv;
pub(super) mod definition;
mod row_views;
mod rows;

use crate::http::door::Routes;

/// The operations.
pub(super) fn routes() -> Routes {
    [definition::routes(), rows::routes(), csv::routes()].into_iter().fold(Routes::default(), Routes::and)
}

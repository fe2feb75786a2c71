//! What came in, what was made of it and what became of that.

pub(super) mod alerts;
pub(super) mod attempts;
pub(super) mod deliveries;
pub(super) mod events;
pub(super) mod fields;
pub(super) mod publish;
pub(super) mod rejections;
pub(super) mod trace;

use crate::http::door::Routes;

/// The operations.
pub(super) fn routes() -> Routes {
    [
        rejections::routes(),
        publish::routes(),
        events::routes(),
        trace::routes(),
        fields::routes(),
        deliveries::routes(),
        attempts::routes(),
        alerts::routes(),
    ]
    .into_iter()
    .fold(Routes::default(), Routes::and)
}

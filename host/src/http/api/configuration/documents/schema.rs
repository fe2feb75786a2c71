//! `/v1/config/schema`: what documents look like, for editors and for checks before anything is applied. Not here: how it
//! is made (`openapi::documents`), how documents are read (`read`).

use utoipa_axum::routes;

use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;

/// The operations.
pub(in crate::http::api::configuration) fn routes() -> Routes {
    Routes::default().add(Door::public(), routes!(schema))
}

/// Shows the JSON Schema of configuration documents, for editors and checks.
#[utoipa::path(
    get,
    path = "/v1/config/schema",
    responses((status = 200, body = serde_json::Value)),
)]
async fn schema(call: Call) -> Answer {
    Ok(reply::bytes("application/json", call.site.config_schema.clone()))
}

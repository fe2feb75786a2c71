//! `/v1/destinations/{destination}/secret`: one signing secret after another.

use crate::domain::secret::Secret;
use crate::http::api::access::keys;
use crate::http::api::configuration::destination_views::DestinationView;
use crate::http::api::configuration::destination_views::show_new;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::PathParams;
use crate::http::request::Wait;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

/// How one signing secret follows another.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SigningRotationBody {
    /// The new secret; one is made if not given.
    #[schema(nullable = false)]
    secret: Option<Secret>,
    /// How long the old one goes on working; 24h if not given, at most 30 days.
    #[schema(nullable = false)]
    grace: Option<Wait>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default().add(Door::write().remembered().optional_body(), routes!(rotate))
}

/// Makes a new signing secret; the old one goes on signing beside it for a while.
#[utoipa::path(
    post,
    path = "/v1/destinations/{destination}/secret",
    params(("destination" = String, Path, description = "Its id or name.")),
    request_body = SigningRotationBody,
    responses((status = 200, body = DestinationView)),
)]
async fn rotate(
    call: Call,
    PathParams(destination): PathParams<String>,
    body: JsonBody<SigningRotationBody>,
) -> Answer {
    let ((secret, grace), faults) = body.map(|body, faults| (body.secret, keys::grace(body.grace, faults)));
    let which = &destination;
    let made = call.control.rotate_signing_secret(call.workspace()?, which, secret, grace, faults).await?;
    Ok(reply::ok(&show_new(&made)))
}

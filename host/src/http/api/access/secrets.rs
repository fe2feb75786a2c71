//! `/v1/secrets`: what plugins may be given by name. Values go in and never come out.

use http::StatusCode;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::snapshot::Documents;
use crate::domain::config::StepSpec;
use crate::domain::sealed::SealedSecret;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::http::api::page::PageQuery;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::PathParams;
use crate::http::request::QueryParams;
use crate::http::view::PageView;

/// A secret as it is set.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretBody {
    /// The value: text of 8 bytes to 8 KiB. It is not shown again.
    #[schema(required = true, nullable = false)]
    value: Option<Secret>,
}

/// A secret without its value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NamedSecretView {
    /// Its name; a step's `grants` name it.
    pub name: String,
    /// When it was first set.
    pub created_at: Timestamp,
    /// When it was last set.
    pub updated_at: Timestamp,
    /// Changes with the value, and is the same for the same value.
    pub fingerprint: String,
    /// The connections whose steps name it.
    pub used_by: Vec<String>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::write(), routes!(set))
        .add(Door::write(), routes!(delete))
}

fn show(documents: &Documents, secret: &SealedSecret) -> NamedSecretView {
    let names = |kind: &StepSpec| kind.grants().is_some_and(|grants| grants.secrets().contains(&secret.name));
    let users = documents.connections.of(secret.workspace);
    let users = users.filter(|connection| connection.steps.iter().any(|step| names(&step.kind)));
    NamedSecretView {
        name: secret.name.to_string(),
        created_at: secret.created_at,
        updated_at: secret.updated_at,
        fingerprint: secret.fingerprint.clone(),
        used_by: users.map(|connection| connection.name.clone()).collect(),
    }
}

/// Lists the secrets that plugins may be given.
#[utoipa::path(
    get,
    path = "/v1/secrets",
    params(PageQuery),
    responses((status = 200, body = PageView<NamedSecretView>)),
)]
async fn list(call: Call, query: QueryParams<PageQuery>) -> Answer {
    let (workspace, page) = (call.workspace()?, query.whole()?.page());
    let snapshot = call.control.snapshot();
    let documents = &snapshot.documents;
    let view = |secret: &SealedSecret| show(documents, secret);
    Ok(reply::ok(&page.of(documents.secrets.of(workspace), |secret| secret.id.bits(), view)))
}

/// Sets a secret. It is stored encrypted.
#[utoipa::path(
    put,
    path = "/v1/secrets/{secret}",
    params(("secret" = String, Path, description = "Its id or name.")),
    request_body = SecretBody,
    responses((status = 200, body = NamedSecretView), (status = 201, body = NamedSecretView)),
)]
async fn set(call: Call, PathParams(secret): PathParams<String>, body: JsonBody<SecretBody>) -> Answer {
    let (value, faults) = body.map(|body, _| body.value);
    let (control, name) = (&call.control, &secret);
    let (secret, is_new) = control.set_secret(call.workspace()?, name, value, faults).await?;
    let view = show(&control.snapshot().documents, &secret);
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(reply::json(status, &view))
}

/// Deletes a secret that no connection names.
#[utoipa::path(
    delete,
    path = "/v1/secrets/{secret}",
    params(("secret" = String, Path, description = "Its id or name.")),
    responses((status = 204)),
)]
async fn delete(call: Call, PathParams(secret): PathParams<String>) -> Answer {
    call.control.delete_secret(call.workspace()?, &secret).await?;
    Ok(reply::no_content())
}

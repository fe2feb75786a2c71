//! `/v1/secrets`: what plugins may be given by name. Values go in and never come out.

use http::StatusCode;

use crate::control::snapshot::Documents;
use crate::domain::config::StepSpec;
use crate::domain::sealed::SealedSecret;
use crate::domain::time::Timestamp;
use crate::http::api::page;
use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Input;
use crate::http::endpoint::Output;
use crate::http::form::Field;
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::query::LIST;
use crate::http::reply;
use crate::http::view::PageView;
use crate::http::view::View;
use crate::http::view::view;

const SECRET: &[Field] =
    &[field("value", Shape::Secret, "The value: text of 8 bytes to 8 KiB. It is not shown again.")
        .required()];

view! {
    /// A secret without its value.
    NamedSecretView {
        /// Its name; a step's `grants` name it.
        name: String,
        /// When it was first set.
        created_at: Timestamp,
        /// When it was last set.
        updated_at: Timestamp,
        /// Changes with the value, and is the same for the same value.
        fingerprint: String,
        /// The connections whose steps name it.
        used_by: Vec<String>,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/secrets", "Lists the secrets that plugins may be given.", |call| {
            Box::pin(list(call))
        })
        .query(LIST)
        .output(200, Output::Json(PageView::<NamedSecretView>::describe)),
        Endpoint::put("/v1/secrets/{secret}", "Sets a secret. It is stored encrypted.", |call| {
            Box::pin(set(call))
        })
        .input(Input::Json(SECRET))
        .output(200, Output::Json(NamedSecretView::describe)),
        Endpoint::delete("/v1/secrets/{secret}", "Deletes a secret that no connection names.", |call| {
            Box::pin(delete(call))
        }),
    ]
}

fn show(documents: &Documents, secret: &SealedSecret) -> NamedSecretView {
    let names = |kind: &StepSpec| match kind {
        StepSpec::Plugin { grants, .. } => grants.secrets().contains(&secret.name),
        StepSpec::Filter(_) | StepSpec::Mapping(_) => false,
    };
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

async fn list(call: Call) -> Answer {
    let (workspace, params) = (call.workspace()?, call.params());
    let snapshot = call.control().snapshot();
    let documents = &snapshot.documents;
    let view = |secret: &SealedSecret| show(documents, secret);
    let page = page::of(documents.secrets.of(workspace), &params, |secret| secret.id.bits(), view);
    params.done()?;
    Ok(reply::ok(&page))
}

async fn set(call: Call) -> Answer {
    let (value, faults) = call.form(|object| object.secret("value"))?;
    let (control, name) = (call.control(), call.path("secret"));
    let (secret, is_new) = control.set_secret(call.workspace()?, name, value, faults).await?;
    let view = show(&control.snapshot().documents, &secret);
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(reply::json(status, &view))
}

async fn delete(call: Call) -> Answer {
    call.control().delete_secret(call.workspace()?, call.path("secret")).await?;
    Ok(reply::no_content())
}

//! `/v1/config/imports`: what other products have set up, as documents that can be planned and applied. Changes nothing.
//! Not here: what things come to (`import`).

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::FieldFault;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::JsonBody;
use crate::import::ImportFrom;
use crate::import::Imported;

/// What is to be read.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ImportFromBody {
    OpenApi,
    AsyncApi,
    Hookdeck,
    Svix,
    Convoy,
    N8n,
}

/// What another product has set up.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportBody {
    /// What the document is from.
    #[schema(required = true, nullable = false)]
    from: Option<ImportFromBody>,
    /// It itself: an OpenAPI or AsyncAPI description, or what the product's own API lists.
    #[schema(required = true, value_type = serde_json::Value, nullable = false)]
    document: Option<Box<RawValue>>,
}

/// What became of one thing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportNoteView {
    /// Where it is in what was read, a JSON pointer.
    pub at: String,
    /// `exact`: it means the same here; `approximated`: it differs as `detail` says; `impossible`: it is not there.
    pub fate: &'static str,
    /// What it is here, how that differs, or what to do.
    pub detail: String,
}

/// What it comes to here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportView {
    /// Documents for POST /v1/config/plans. `{"$env": "NAME"}` stands where a secret is needed: put it in first.
    #[schema(value_type = Vec<Object>)]
    pub documents: Vec<Value>,
    /// What was found, and what became of it.
    pub notes: Vec<ImportNoteView>,
}

/// The operations.
pub(in crate::http::api::configuration) fn routes() -> Routes {
    Routes::default().add(Door::read().in_background_while_asked(), routes!(import))
}

/// Turns what another product has set up into documents, and changes nothing.
#[utoipa::path(
    post,
    path = "/v1/config/imports",
    request_body = ImportBody,
    responses((status = 200, body = ImportView)),
)]
async fn import(body: JsonBody<ImportBody>) -> Answer {
    let (body, faults) = body.map(|body, faults| {
        if body.from.is_none() {
            faults.missing("/from", "say what it is from");
        }
        if body.document.is_none() {
            faults.missing("/document", "give what is to be read");
        }
        body
    });
    let (Some(from), Some(raw), true) = (body.from, body.document, faults.is_empty()) else {
        return Err(Problem::invalid(Kind::InvalidRequest, faults));
    };
    let read: Value = serde_json::from_str(raw.get()).unwrap_or_default();
    let imported = from.real().import(&read).map_err(|detail| {
        Problem::invalid(Kind::InvalidRequest, vec![FieldFault { pointer: "/document".to_owned(), detail }])
    })?;
    Ok(reply::ok(&show(imported)))
}

impl ImportFromBody {
    fn real(self) -> ImportFrom {
        match self {
            Self::OpenApi => ImportFrom::OpenApi,
            Self::AsyncApi => ImportFrom::AsyncApi,
            Self::Hookdeck => ImportFrom::Hookdeck,
            Self::Svix => ImportFrom::Svix,
            Self::Convoy => ImportFrom::Convoy,
            Self::N8n => ImportFrom::N8n,
        }
    }
}

fn show(imported: Imported) -> ImportView {
    let note = |note: crate::import::ImportNote| ImportNoteView {
        at: note.at,
        fate: note.fate.name(),
        detail: note.detail,
    };
    ImportView { documents: imported.documents, notes: imported.notes.into_iter().map(note).collect() }
}

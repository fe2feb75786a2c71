//! `/v1/api-keys`: keys of the API. Not here: keys of sources (`source_keys`).

use crate::control::resources::ApiKeyDraft;
use crate::domain::config::Scope;
use crate::http::api::keys;
use crate::http::api::keys::KeyView;
use crate::http::api::keys::ROTATION;
use crate::http::api::page;
use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Input;
use crate::http::endpoint::Output;
use crate::http::form::Field;
use crate::http::form::Object;
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::query::LIST;
use crate::http::reply;
use crate::http::view::PageView;
use crate::http::view::View;

const SCOPES: [(&str, Scope); 4] =
    [("read", Scope::Read), ("write", Scope::Write), ("ingest", Scope::Ingest), ("admin", Scope::Admin)];

const API_KEY: &[Field] = &[
    field("name", Shape::Text, "For people.").required(),
    field(
        "scopes",
        Shape::List(&Shape::Choice(&["read", "write", "ingest", "admin"])),
        "What it may do; `admin` may do everything.",
    )
    .required(),
    field("workspace", Shape::Text, "Another workspace, for admin keys of the first one."),
    field("expires_at", Shape::Time, "When it ends; never if not given."),
];

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/api-keys", "Lists the keys of the API.", |call| Box::pin(list(call)))
            .scope(Scope::Admin)
            .query(LIST)
            .output(200, Output::Json(PageView::<KeyView>::describe)),
        Endpoint::post("/v1/api-keys", "Makes a key; it is shown now and never again.", |call| {
            Box::pin(create(call))
        })
        .scope(Scope::Admin)
        .input(Input::Json(API_KEY))
        .output(201, Output::Json(KeyView::describe)),
        Endpoint::get("/v1/api-keys/{key}", "Shows a key by its end.", |call| Box::pin(show_one(call)))
            .scope(Scope::Admin)
            .output(200, Output::Json(KeyView::describe)),
        Endpoint::post(
            "/v1/api-keys/{key}/rotate",
            "Makes a new key in the place of one that goes on working for a while.",
            |call| Box::pin(rotate(call)),
        )
        .scope(Scope::Admin)
        .input(Input::OptionalJson(ROTATION))
        .output(201, Output::Json(KeyView::describe)),
        Endpoint::delete("/v1/api-keys/{key}", "Deletes a key.", |call| Box::pin(delete(call)))
            .scope(Scope::Admin),
    ]
}

fn draft(object: &Object<'_>) -> ApiKeyDraft {
    ApiKeyDraft {
        name: object.text("name"),
        scopes: scopes(object),
        workspace: object.text("workspace"),
        expires_at: object.parsed("expires_at"),
    }
}

fn scopes(object: &Object<'_>) -> Option<Vec<Scope>> {
    let mut scopes = Vec::new();
    for item in object.items("scopes")? {
        let Some(text) = item.text() else { continue };
        match SCOPES.into_iter().find(|(name, _)| *name == text) {
            Some((_, scope)) if scopes.contains(&scope) => {}
            Some((_, scope)) => scopes.push(scope),
            None => item.fault("expected any of read, write, ingest, admin"),
        }
    }
    Some(scopes)
}

async fn list(call: Call) -> Answer {
    let (workspace, params) = (call.workspace()?, call.params());
    let snapshot = call.control().snapshot();
    let mine: Vec<_> = snapshot.documents.keys.of(workspace).filter(|key| key.source.is_none()).collect();
    let page = page::of(mine.into_iter(), &params, |key| key.id.bits(), keys::show);
    params.done()?;
    Ok(reply::ok(&page))
}

async fn create(call: Call) -> Answer {
    let (draft, faults) = call.form(draft)?;
    let made = call.control().create_api_key(call.principal()?, draft, faults).await?;
    Ok(reply::created(&format!("/v1/api-keys/{}", made.key.id), &keys::show_new(&made)))
}

async fn show_one(call: Call) -> Answer {
    let workspace = call.workspace()?;
    let snapshot = call.control().snapshot();
    let found = snapshot.documents.keys.get(call.id("key", "key")?);
    let found = found.filter(|key| key.workspace == workspace && key.source.is_none());
    Ok(reply::ok(&keys::show(found.ok_or_else(|| Call::not_found("key", call.path("key")))?)))
}

async fn rotate(call: Call) -> Answer {
    let grace = call.whole_form(keys::grace)?;
    let made = call.control().rotate_key(call.workspace()?, None, call.path("key"), grace).await?;
    Ok(reply::created(&format!("/v1/api-keys/{}", made.key.id), &keys::show_new(&made)))
}

async fn delete(call: Call) -> Answer {
    call.control().delete_key(call.workspace()?, None, call.path("key")).await?;
    Ok(reply::no_content())
}

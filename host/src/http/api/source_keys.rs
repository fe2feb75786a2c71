//! `/v1/sources/{source}/keys`.

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
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::query::LIST;
use crate::http::reply;
use crate::http::view::PageView;
use crate::http::view::View;

const KEY: &[Field] = &[field("name", Shape::Text, "For people; the source's name if not given.")];

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/sources/{source}/keys", "Lists the keys of a source.", |call| {
            Box::pin(list(call))
        })
        .query(LIST)
        .output(200, Output::Json(PageView::<KeyView>::describe)),
        Endpoint::post("/v1/sources/{source}/keys", "Makes one more key for a source.", |call| {
            Box::pin(create(call))
        })
        .input(Input::OptionalJson(KEY))
        .output(201, Output::Json(KeyView::describe)),
        Endpoint::post(
            "/v1/sources/{source}/keys/{key}/rotate",
            "Makes a new key in the place of one that goes on working for a while.",
            |call| Box::pin(rotate(call)),
        )
        .input(Input::OptionalJson(ROTATION))
        .output(201, Output::Json(KeyView::describe)),
        Endpoint::delete("/v1/sources/{source}/keys/{key}", "Deletes a key.", |call| Box::pin(delete(call))),
    ]
}

async fn list(call: Call) -> Answer {
    let (workspace, params) = (call.workspace()?, call.params());
    let snapshot = call.control().snapshot();
    let source = snapshot.documents.sources.find(workspace, call.path("source"));
    let source = source.ok_or_else(|| Call::not_found("source", call.path("source")))?.id;
    let mine: Vec<_> =
        snapshot.documents.keys.of(workspace).filter(|key| key.source == Some(source)).collect();
    let page = page::of(mine.into_iter(), &params, |key| key.id.bits(), keys::show);
    params.done()?;
    Ok(reply::ok(&page))
}

async fn create(call: Call) -> Answer {
    let (name, faults) = call.form(|object| object.text("name"))?;
    let source = call.path("source");
    let made = call.control().create_source_key(call.workspace()?, source, name, faults).await?;
    Ok(reply::created(&format!("/v1/sources/{source}/keys"), &keys::show_new(&made)))
}

async fn rotate(call: Call) -> Answer {
    let grace = call.whole_form(keys::grace)?;
    let source = call.path("source");
    let made = call.control().rotate_key(call.workspace()?, Some(source), call.path("key"), grace).await?;
    Ok(reply::created(&format!("/v1/sources/{source}/keys"), &keys::show_new(&made)))
}

async fn delete(call: Call) -> Answer {
    call.control().delete_key(call.workspace()?, Some(call.path("source")), call.path("key")).await?;
    Ok(reply::no_content())
}

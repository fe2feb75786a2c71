//! `/v1/workspaces`.

use crate::domain::config::Scope;
use crate::domain::config::Workspace;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::http::api::keys;
use crate::http::api::keys::KeyView;
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

const WORKSPACE: &[Field] = &[field("name", Shape::Text, "Unique among workspaces.").required()];

view! {
    /// A tenant.
    WorkspaceView {
        /// Its id.
        id: WorkspaceId,
        /// Its name.
        name: String,
        /// When it was made.
        created_at: Timestamp,
        /// An admin key of it, shown when the workspace is made and never again.
        ["Option::is_none"] key: Option<KeyView>,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let shown = Output::Json(WorkspaceView::describe);
    vec![
        Endpoint::get("/v1/workspaces", "Lists the workspaces this key may see.", |call| {
            Box::pin(list(call))
        })
        .query(LIST)
        .output(200, Output::Json(PageView::<WorkspaceView>::describe)),
        Endpoint::post("/v1/workspaces", "Makes a workspace and an admin key to it.", |call| {
            Box::pin(create(call))
        })
        .scope(Scope::Admin)
        .input(Input::Json(WORKSPACE))
        .output(201, shown),
        Endpoint::get("/v1/workspaces/{workspace}", "Shows a workspace.", |call| Box::pin(show_one(call)))
            .output(200, shown),
        Endpoint::patch("/v1/workspaces/{workspace}", "Renames a workspace.", |call| Box::pin(update(call)))
            .scope(Scope::Admin)
            .input(Input::Json(WORKSPACE))
            .output(200, shown),
    ]
}

fn show(workspace: &Workspace) -> WorkspaceView {
    WorkspaceView {
        id: workspace.id,
        name: workspace.name.clone(),
        created_at: workspace.created_at,
        key: None,
    }
}

async fn list(call: Call) -> Answer {
    let visible = call.control().workspaces(call.principal()?);
    let params = call.params();
    let page = page::of(visible.iter(), &params, |workspace| workspace.id.bits(), show);
    params.done()?;
    Ok(reply::ok(&page))
}

async fn create(call: Call) -> Answer {
    let (name, faults) = call.form(|object| object.text("name"))?;
    let made = call.control().create_workspace(call.principal()?, name, faults).await?;
    let view = WorkspaceView { key: Some(keys::show_new(&made.key)), ..show(&made.workspace) };
    Ok(reply::created(&format!("/v1/workspaces/{}", made.workspace.id), &view))
}

async fn show_one(call: Call) -> Answer {
    let wanted = call.path("workspace");
    let visible = call.control().workspaces(call.principal()?);
    let found = visible.iter().find(|found| found.name == wanted || found.id.to_string() == wanted);
    Ok(reply::ok(&show(found.ok_or_else(|| Call::not_found("workspace", wanted))?)))
}

async fn update(call: Call) -> Answer {
    let (name, faults) = call.form(|object| object.text("name"))?;
    let changed =
        call.control().update_workspace(call.principal()?, call.path("workspace"), name, faults).await?;
    Ok(reply::ok(&show(&changed)))
}

//! Tables: made with what fills them, changed, deleted. Not here: their rows.

use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::resources::TableDraft;
use crate::control::snapshot::Documents;
use crate::domain::config::Origin;
use crate::domain::config::Source;
use crate::domain::id::TableId;
use crate::domain::table::CHANGES;
use crate::domain::table::Table;
use crate::domain::time::Timestamp;
use crate::http::api::access::keys;
use crate::http::api::configuration::sources;
use crate::http::api::configuration::sources::SourceView;
use crate::http::api::page::PageQuery;
use crate::http::api::tables::columns::ColumnBody;
use crate::http::api::tables::columns::TableForm;
use crate::http::api::tables::columns::show_table;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::Name;
use crate::http::request::Patch;
use crate::http::request::PathParams;
use crate::http::request::QueryParams;
use crate::http::request::RequestFaults;
use crate::http::request::not_found;
use crate::http::view::Extended;
use crate::http::view::PageView;

/// What rows are to look like.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TableBody {
    /// Unique in the workspace. A source, a destination and a connection of this name are made with it.
    #[schema(required = true, nullable = false)]
    name: Option<Name>,
    /// All columns, in the order in which they are shown. While there are rows, columns stay what they are; further ones
    /// may come.
    #[schema(required = true, value_type = Option<Vec<ColumnBody>>, nullable = false, min_items = 1, max_items = 100)]
    columns: Option<Vec<Option<ColumnBody>>>,
    /// The columns that tell rows apart: a row that comes with the same values changes the one that is there. Each row is
    /// new, if not given.
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 100)]
    key: Option<Vec<Option<String>>>,
    /// What the types of its events begin with: `row`, if not given, for `row.created`, `row.updated`, `row.deleted`.
    #[schema(nullable = false, min_length = 1, max_length = 60, pattern = "^[A-Za-z0-9._-]+$")]
    event_prefix: Option<String>,
    /// Whether it is refused to delete it, through every door; false if not given.
    #[schema(nullable = false)]
    protect: Option<bool>,
    /// How a payload that comes in becomes a row; each column from the field of its name, if not given. Only where a table
    /// is made: afterwards it is a step of the connection.
    #[schema(value_type = Option<Object>, nullable = false)]
    mapping: Option<Box<RawValue>>,
}

/// What a change says of it.
type TableChange = Patch<TableBody>;

/// What there is of a table besides what people said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TableMoreView {
    /// Its id.
    pub id: TableId,
    /// When it was made.
    pub created_at: Timestamp,
    /// What a connection names to take its changes as events: `table:` and its name.
    pub changes: String,
    /// Rows it has.
    pub rows: u64,
    /// Bytes of its rows as JSON.
    pub bytes: u64,
    /// Where its rows come in, with its URL and what came there; null where nothing fills it. Its key is shown when the
    /// table is made and never again.
    #[schema(required = true)]
    pub source: Option<SourceView>,
}

type TableView = Extended<TableForm, TableMoreView>;

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::write().remembered(), routes!(create))
        .add(Door::read(), routes!(show_one))
        .add(Door::write(), routes!(update))
        .add(Door::write(), routes!(delete))
}

/// What a request or a document says of a table; its mapping is a connection's.
pub(in crate::http::api) fn draft(mut body: TableBody, faults: &mut RequestFaults) -> TableDraft {
    if body.mapping.take().is_some() {
        faults.add(
            "/mapping",
            "how payloads become rows is a step of the connection that fills it: leave this out",
        );
    }
    draft_without_mapping(body)
}

fn draft_without_mapping(body: TableBody) -> TableDraft {
    let columns =
        |given: Vec<Option<ColumnBody>>| given.into_iter().flatten().map(ColumnBody::draft).collect();
    TableDraft {
        name: body.name.map(|name| name.0),
        columns: body.columns.map(columns),
        key: body.key.map(|key| key.into_iter().flatten().collect()),
        event_prefix: body.event_prefix,
        protect: body.protect,
    }
}

/// The table of that id or name.
pub(super) fn find(call: &Call, which: &str) -> Result<std::sync::Arc<Table>, Problem> {
    let snapshot = call.control.snapshot();
    let found = snapshot.documents.tables.find(call.workspace()?, which).cloned();
    found.ok_or_else(|| not_found("table", which))
}

/// The oldest source of what fills it.
fn source_of<'d>(documents: &'d Documents, table: &Table) -> Option<&'d Source> {
    let fills = |destination| documents.destinations.get(destination)?.endpoint.table();
    let connections = documents.connections.of(table.workspace);
    let filling = connections.filter(|found| fills(found.destination) == Some(table.id));
    let mut origins = filling.flat_map(|connection| &connection.origins);
    origins.find_map(|origin| match origin {
        Origin::Source(id) => documents.sources.get(*id).map(AsRef::as_ref),
        Origin::Published => None,
    })
}

async fn show(call: &Call, table: &Table) -> Result<TableView, Problem> {
    let size = call.pipeline.table_size(table).await?;
    let snapshot = call.control.snapshot().clone();
    let more = TableMoreView {
        id: table.id,
        created_at: table.created_at,
        changes: format!("{CHANGES}{}", table.name),
        rows: size.rows,
        bytes: size.bytes,
        source: source_of(&snapshot.documents, table).map(|source| sources::show(&call.site, source)),
    };
    Ok(Extended { base: show_table(table), more })
}

/// Lists tables.
#[utoipa::path(
    get,
    path = "/v1/tables",
    params(PageQuery),
    responses((status = 200, body = PageView<Extended<TableForm, TableMoreView>>)),
)]
async fn list(call: Call, query: QueryParams<PageQuery>) -> Answer {
    let (workspace, page) = (call.workspace()?, query.whole()?.page());
    let snapshot = call.control.snapshot().clone();
    let tables = snapshot.documents.tables.of(workspace);
    let PageView { items, next_cursor } = page.of(tables, |table| table.id.bits(), Clone::clone);
    let mut views = Vec::with_capacity(items.len());
    for table in &items {
        views.push(show(&call, table).await?);
    }
    Ok(reply::ok(&PageView { items: views, next_cursor }))
}

/// Makes a table, with a source, a destination and a connection of its name that fill it.
#[utoipa::path(
    post,
    path = "/v1/tables",
    request_body = TableBody,
    responses((status = 201, body = Extended<TableForm, TableMoreView>)),
)]
async fn create(call: Call, body: JsonBody<TableBody>) -> Answer {
    let ((draft, mapping), faults) = body.map(|mut body, _| {
        let mapping = body.mapping.take().map(|mapping| mapping.get().to_owned());
        (draft_without_mapping(body), mapping)
    });
    let made = call.control.create_table(call.workspace()?, draft, mapping, faults).await?;
    let mut view = show(&call, &made.table).await?;
    let source =
        SourceView { key: Some(keys::show_new(&made.key)), ..sources::show(&call.site, &made.source) };
    view.more.source = Some(source);
    Ok(reply::created(&format!("/v1/tables/{}", made.table.id), &view))
}

/// Shows a table.
#[utoipa::path(
    get,
    path = "/v1/tables/{table}",
    params(("table" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = Extended<TableForm, TableMoreView>)),
)]
async fn show_one(call: Call, PathParams(table): PathParams<String>) -> Answer {
    let table = find(&call, &table)?;
    Ok(reply::ok(&show(&call, &table).await?))
}

/// Changes the fields given.
#[utoipa::path(
    patch,
    path = "/v1/tables/{table}",
    params(("table" = String, Path, description = "Its id or name.")),
    request_body = TableChange,
    responses((status = 200, body = Extended<TableForm, TableMoreView>)),
)]
async fn update(call: Call, PathParams(table): PathParams<String>, body: JsonBody<TableChange>) -> Answer {
    let (draft, faults) = body.map(|change, faults| draft(change.0, faults));
    let changed = call.control.update_table(call.workspace()?, &table, draft, faults).await?;
    Ok(reply::ok(&show(&call, &changed).await?))
}

/// Deletes a table with its rows, its destinations and the connections that fill it; its sources stay. Not while a
/// connection takes its changes.
#[utoipa::path(
    delete,
    path = "/v1/tables/{table}",
    params(("table" = String, Path, description = "Its id or name.")),
    responses((status = 204)),
)]
async fn delete(call: Call, PathParams(table): PathParams<String>) -> Answer {
    call.control.delete_table(call.workspace()?, &table).await?;
    Ok(reply::no_content())
}

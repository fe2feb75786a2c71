//! `/v1/tables/{table}/rows`: listed, written, changed, deleted.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::domain::id::RowId;
use crate::domain::suggest::suggest;
use crate::domain::table::Column;
use crate::domain::table::RowChange;
use crate::domain::table::Table;
use crate::http::api::tables::definition::find;
use crate::http::api::tables::row_views;
use crate::http::api::tables::row_views::RowBody;
use crate::http::api::tables::row_views::RowView;
use crate::http::api::tables::row_views::RowsBody;
use crate::http::api::tables::row_views::RowsWrittenView;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::PathParams;
use crate::http::request::QueryParams;
use crate::http::request::RequestFaults;
use crate::http::request::id;
use crate::http::request::not_found;
use crate::http::view::PageView;
use crate::pipeline::rows::Cause;
use crate::pipeline::rows::RowOrder;
use crate::pipeline::rows::RowQuery;
use crate::pipeline::rows::RowWrite;
use crate::rules::table::convert;
use crate::shape::Filter;

/// Rows of a page when the request does not say.
const LIMIT: usize = 50;

/// Which rows, and in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RowsQuery {
    /// A column that has an index, or `created_at`; with `-` before it, the last comes first. `-created_at` if not given.
    /// Rows without a value come before those that have one.
    #[param(nullable = false)]
    sort: Option<String>,
    /// A filter's JSON, such as `{"path": "$.score", "gte": 2}`: only rows that it lets pass. Its paths begin at a row's
    /// values. A page looks at 20,000 rows; one that found too little among them goes on with its cursor.
    #[param(nullable = false, max_length = 4000)]
    r#where: Option<String>,
    /// Rows of a page, 1 to 500; 50 if not given.
    #[param(minimum = 1, maximum = 500, nullable = false)]
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    #[param(nullable = false, pattern = "^[A-Za-z0-9_-]{1,600}$")]
    cursor: Option<String>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::write().remembered(), routes!(create))
        .add(Door::read(), routes!(show_one))
        .add(Door::write(), routes!(update))
        .add(Door::write(), routes!(delete))
}

impl RowsQuery {
    fn read(self, table: &Table, faults: &mut RequestFaults) -> RowQuery {
        let sort = self.sort.as_deref().unwrap_or("-created_at");
        let (backward, name) = sort.strip_prefix('-').map_or((false, sort), |name| (true, name));
        let mut query = RowQuery { backward, limit: self.limit.unwrap_or(LIMIT), ..RowQuery::default() };
        match order(table, name) {
            Ok(order) => query.order = order,
            Err(detail) => faults.add("/sort", detail),
        }
        if let Some(json) = &self.r#where {
            match Filter::compile(json.as_bytes()) {
                Ok(filter) => query.filter = Some(filter),
                Err(found) => {
                    for fault in found {
                        faults.add("/where", fault.to_string());
                    }
                }
            }
            query.same = same(table, json);
        }
        if let Some(cursor) = &self.cursor {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
            query.after = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            if query.after.is_none() {
                faults.add("/cursor", "no cursor");
            }
        }
        query
    }
}

fn order(table: &Table, name: &str) -> Result<RowOrder, String> {
    let sortable = || table.columns.iter().filter(|column| column.indexed).map(|column| column.name.as_str());
    match table.column(name) {
        Some(column) if column.indexed => Ok(RowOrder::Column(column.clone())),
        None if name == "created_at" => Ok(RowOrder::Created),
        _ => {
            let near =
                suggest(name, sortable()).map(|near| format!("; is `{near}` meant?")).unwrap_or_default();
            Err(format!("expected `created_at` or a column with an index{near}"))
        }
    }
}

/// A value that all rows have which a filter lets pass, where it says so itself or as one of `all`.
fn same(table: &Table, filter: &str) -> Option<(Column, Value)> {
    let filter: Value = serde_json::from_str(filter).ok()?;
    let all = filter.get("all").and_then(Value::as_array);
    all.into_iter().flatten().chain([&filter]).find_map(|clause| {
        let wanted = clause.get("eq").filter(|value| !value.is_null())?;
        let column = table.column(clause.get("path")?.as_str()?.strip_prefix("$.")?)?;
        let value = convert(column, wanted.clone()).ok().flatten()?;
        // What the column would only take after converting it is not what the filter means.
        (column.indexed && value == *wanted).then(|| (column.clone(), value))
    })
}

/// Lists rows.
#[utoipa::path(
    get,
    path = "/v1/tables/{table}/rows",
    params(("table" = String, Path, description = "Its id or name."), RowsQuery),
    responses((status = 200, body = PageView<RowView>)),
)]
async fn list(call: Call, PathParams(table): PathParams<String>, query: QueryParams<RowsQuery>) -> Answer {
    let table = find(&call, &table)?;
    let QueryParams { given, mut faults } = query;
    let wanted = given.read(&table, &mut faults);
    faults.done(Kind::InvalidQuery)?;
    let page = call.pipeline.rows(&table, wanted).await?;
    let items = page.rows.into_iter().map(|row| row_views::show(row, None)).collect();
    let next_cursor = page.next.map(|key| URL_SAFE_NO_PAD.encode(key));
    Ok(reply::ok(&PageView { items, next_cursor }))
}

/// One row's answer, or that of several.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(crate) enum WrittenView {
    /// Of one row.
    One(RowView),
    /// Of several.
    Several(RowsWrittenView),
}

/// Writes a row, or several with `rows`: one that has the key of a row that is there changes it, others are new.
#[utoipa::path(
    post,
    path = "/v1/tables/{table}/rows",
    params(("table" = String, Path, description = "Its id or name.")),
    request_body = RowsBody,
    responses((status = 201, body = RowView), (status = 200, body = WrittenView)),
)]
async fn create(call: Call, PathParams(table): PathParams<String>, body: JsonBody<RowsBody>) -> Answer {
    let table = find(&call, &table)?;
    let (values, rows) = body.fold(|body, faults| {
        match (&body.values, &body.rows) {
            (Some(_), Some(_)) => faults.add("/rows", "give either `values` or `rows`, not both"),
            (None, None) => faults.missing("/values", "give `values`, an object with the names of columns"),
            _ => {}
        }
        (body.values, body.rows)
    })?;
    if let Some(rows) = rows {
        let writes = rows.into_iter().flatten().map(RowWrite::Put).collect();
        return Ok(reply::ok(&WrittenView::Several(write_all(&call, &table, writes).await?)));
    }
    let write = RowWrite::Put(values.unwrap_or_default());
    let written = call.pipeline.write_row(&table, write, Cause::Request).await.map_err(row_views::problem)?;
    let location = format!("/v1/tables/{}/rows/{}", table.id, written.row.id);
    let view = row_views::show(written.row, Some(written.change));
    Ok(match written.change {
        RowChange::Created => reply::created(&location, &view),
        _ => reply::ok(&WrittenView::One(view)),
    })
}

/// Writes rows, each for itself.
pub(super) async fn write_all(
    call: &Call,
    table: &Table,
    writes: Vec<RowWrite>,
) -> Result<RowsWrittenView, Problem> {
    let mut view = RowsWrittenView::default();
    let done = call.pipeline.write_rows(table, writes, Cause::Request).await?;
    for (at, row) in done.into_iter().enumerate() {
        match row {
            Ok(written) => view.count(written.change),
            Err(error) => view.refuse(at, &row_views::refused(error)?),
        }
    }
    Ok(view)
}

/// Shows a row.
#[utoipa::path(
    get,
    path = "/v1/tables/{table}/rows/{row}",
    params(("table" = String, Path, description = "Its id or name."), ("row" = String, Path, description = "Its id.")),
    responses((status = 200, body = RowView)),
)]
async fn show_one(call: Call, PathParams((table, row)): PathParams<(String, String)>) -> Answer {
    let (table, wanted) = (find(&call, &table)?, id::<RowId>("row", &row)?);
    let found = call.pipeline.row(&table, wanted).await?;
    Ok(reply::ok(&row_views::show(found.ok_or_else(|| not_found("row", &row))?, None)))
}

/// Changes the values given.
#[utoipa::path(
    patch,
    path = "/v1/tables/{table}/rows/{row}",
    params(("table" = String, Path, description = "Its id or name."), ("row" = String, Path, description = "Its id.")),
    request_body = RowBody,
    responses((status = 200, body = RowView)),
)]
async fn update(
    call: Call,
    PathParams((table, row)): PathParams<(String, String)>,
    body: JsonBody<RowBody>,
) -> Answer {
    let values: Map<String, Value> = body.whole()?.values.unwrap_or_default();
    let view = write(&call, &table, |id| RowWrite::Change(id, values), &row).await?;
    Ok(reply::ok(&view))
}

/// Deletes a row.
#[utoipa::path(
    delete,
    path = "/v1/tables/{table}/rows/{row}",
    params(("table" = String, Path, description = "Its id or name."), ("row" = String, Path, description = "Its id.")),
    responses((status = 204)),
)]
async fn delete(call: Call, PathParams((table, row)): PathParams<(String, String)>) -> Answer {
    write(&call, &table, RowWrite::Delete, &row).await?;
    Ok(reply::no_content())
}

async fn write(
    call: &Call,
    table: &str,
    write: impl FnOnce(RowId) -> RowWrite,
    row: &str,
) -> Result<RowView, Problem> {
    let (table, id) = (find(call, table)?, id::<RowId>("row", row)?);
    let written =
        call.pipeline.write_row(&table, write(id), Cause::Request).await.map_err(row_views::problem)?;
    Ok(row_views::show(written.row, Some(written.change)))
}

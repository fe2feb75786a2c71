//! `/v1/tables/{table}/rows.csv`: rows as text with commas (RFC 4180), both ways. The first line names the columns. An
//! empty field is no value; JSON stands as text.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::Stream;
use futures::stream;
use http::HeaderValue;
use http::header::CONTENT_DISPOSITION;
use http::header::CONTENT_TYPE;
use serde_json::Map;
use serde_json::Value;
use utoipa_axum::routes;

use crate::domain::table::Column;
use crate::domain::table::ColumnType;
use crate::domain::table::Row;
use crate::domain::table::Table;
use crate::domain::visible::visible;
use crate::http::api::tables::definition::find;
use crate::http::api::tables::row_views::RowsWrittenView;
use crate::http::api::tables::rows::write_all;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::PathParams;
use crate::http::request::RawBody;
use crate::http::view::Blob;
use crate::pipeline::Pipeline;
use crate::pipeline::rows::RowQuery;
use crate::pipeline::rows::RowWrite;
use crate::rules::table::RowFaults;

/// Rows that are written, or read, at a time.
const CHUNK: usize = 500;
/// Bytes of a text that comes in: some hundred thousand rows.
const IMPORT_BYTES_MAX: u64 = 16 << 20;

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read().any_answer(), routes!(export))
        .add(Door::write().bytes(IMPORT_BYTES_MAX), routes!(import))
}

/// All rows, the oldest first.
#[utoipa::path(
    get,
    path = "/v1/tables/{table}/rows.csv",
    params(("table" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = inline(Blob), content_type = "text/csv")),
)]
async fn export(call: Call, PathParams(table): PathParams<String>) -> Answer {
    let table = find(&call, &table)?;
    let mut response = Response::new(Body::from_stream(lines(call.pipeline.clone(), table)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"rows.csv\""));
    Ok(response)
}

/// Where an export is.
enum At {
    Begin,
    After(Option<String>),
    End,
}

/// The text, page by page. One that breaks off ends without the last page: the connection is closed.
fn lines(pipeline: Pipeline, table: Arc<Table>) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    stream::unfold(At::Begin, move |at| {
        let (pipeline, table) = (pipeline.clone(), table.clone());
        async move {
            match at {
                At::Begin => {
                    let names = table.columns.iter().map(|column| column.name.clone());
                    Some((Ok(text(vec![names.collect()])), At::After(None)))
                }
                At::After(after) => {
                    let query = RowQuery { after, limit: CHUNK, ..RowQuery::default() };
                    match pipeline.rows(&table, query).await {
                        Ok(page) => {
                            let fields = page.rows.iter().map(|row| fields(&table, row)).collect();
                            let next = page.next.map_or(At::End, |next| At::After(Some(next)));
                            Some((Ok(text(fields)), next))
                        }
                        Err(error) => Some((Err(std::io::Error::other(error.to_string())), At::End)),
                    }
                }
                At::End => None,
            }
        }
    })
}

fn fields(table: &Table, row: &Row) -> Vec<String> {
    let field = |value: Option<&Value>| match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let field_of = |column: &Column| match (column.kind, row.values.get(&column.name)) {
        (ColumnType::Json, Some(value)) => value.to_string(),
        (_, value) => field(value),
    };
    table.columns.iter().map(field_of).collect()
}

fn text(lines: Vec<Vec<String>>) -> Bytes {
    let mut writer = ::csv::WriterBuilder::new().from_writer(Vec::new());
    for line in lines {
        // Into memory; lines of one export are equally long.
        let _written: Result<(), ::csv::Error> = writer.write_record(line);
    }
    writer.into_inner().unwrap_or_default().into()
}

/// Writes rows as they stand in the text: one that has the key of a row that is there changes it, others are new. Each is
/// taken or refused for itself; `row` counts the lines after the first from 0.
#[utoipa::path(
    post,
    path = "/v1/tables/{table}/rows.csv",
    params(("table" = String, Path, description = "Its id or name.")),
    request_body(content = inline(Blob), content_type = "text/csv"),
    responses((status = 200, body = RowsWrittenView)),
)]
async fn import(call: Call, PathParams(table): PathParams<String>, RawBody(body): RawBody) -> Answer {
    let table = find(&call, &table)?;
    let mut reader =
        ::csv::ReaderBuilder::new().flexible(true).trim(::csv::Trim::Headers).from_reader(&*body);
    let names = reader.headers().cloned().map_err(|error| unreadable(&error))?;
    check_names(&table, &names)?;
    let mut view = RowsWrittenView::default();
    let mut lines = reader.records().enumerate().peekable();
    while lines.peek().is_some() {
        let (mut writes, mut places) = (Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK));
        for (at, line) in lines.by_ref().take(CHUNK) {
            match line.map_err(|error| error.to_string()).and_then(|line| values(&table, &names, &line)) {
                Ok(values) => {
                    writes.push(RowWrite::Put(values));
                    places.push(at);
                }
                Err(detail) => view.refuse(at, &RowFaults::one("", detail)),
            }
        }
        view.add(write_all(&call, &table, writes).await?, &places);
    }
    Ok(reply::ok(&view))
}

fn unreadable(error: &::csv::Error) -> Problem {
    Problem::new(Kind::InvalidRow, format!("this is no text with commas: {error}"))
}

fn check_names(table: &Table, names: &::csv::StringRecord) -> Result<(), Problem> {
    let unknown: Vec<&str> = names.iter().filter(|name| table.column(name).is_none()).collect();
    if names.is_empty() || !unknown.is_empty() {
        let known: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let seen: Vec<String> = unknown.iter().take(10).map(|name| format!("`{}`", visible(name))).collect();
        let detail = format!(
            "the first line names the columns, any of {}; the table has none of the name {}",
            known.join(", "),
            seen.join(", ")
        );
        return Err(Problem::new(Kind::InvalidRow, detail));
    }
    match names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|earlier| earlier == *name)) {
        Some((_, twice)) => {
            let detail = format!("the first line names the column `{twice}`, which is there twice");
            Err(Problem::new(Kind::InvalidRow, detail))
        }
        None => Ok(()),
    }
}

fn values(
    table: &Table,
    names: &::csv::StringRecord,
    line: &::csv::StringRecord,
) -> Result<Map<String, Value>, String> {
    if line.len() > names.len() {
        return Err(format!("the line has {} fields, and the first one names {}", line.len(), names.len()));
    }
    let mut values = Map::new();
    for (name, field) in names.iter().zip(line).filter(|(_, field)| !field.is_empty()) {
        let is_json = table.column(name).is_some_and(|column| column.kind == ColumnType::Json);
        let value = match serde_json::from_str(field) {
            Ok(value) if is_json => value,
            Err(error) if is_json => return Err(format!("`{name}` is no JSON: {error}")),
            _ => Value::String(field.to_owned()),
        };
        values.insert(name.to_owned(), value);
    }
    Ok(values)
}

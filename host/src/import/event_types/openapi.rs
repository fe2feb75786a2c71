//! Event types of an OpenAPI document: its webhooks, those of the extension before there were any, and
//! callbacks. Not here: what becomes of one (`catalogue`).
//!
//! <https://spec.openapis.org/oas/v3.2.0.html>, <https://spec.openapis.org/oas/v3.0.4.html>.

use serde_json::Value;

use crate::import::ImportFate;
use crate::import::Imported;
use crate::import::event_types::catalogue::Catalogue;
use crate::import::event_types::dialect::SpecDialect;
use crate::import::event_types::event::FoundEvent;
use crate::import::event_types::pointer::joined;
use crate::import::event_types::pointer::shown;
use crate::import::event_types::reference::SpecPlace;

/// Those that webhooks have before the others.
const METHODS: [&str; 9] = ["post", "put", "patch", "delete", "get", "query", "head", "options", "trace"];
const NOTHING: &str = "the document has no event: looked for operations in `webhooks`, `x-webhooks` and in \
                       the `callbacks` of `paths`; add them there";

/// Reads the event types of an OpenAPI document, of version 3.0 and later.
pub(in crate::import) fn openapi(document: &Value) -> Result<Imported, String> {
    let dialect = dialect(document)?;
    let mut catalogue = Catalogue::new(document)?;
    let root = catalogue.reader.root();
    for name in ["webhooks", "x-webhooks"] {
        let Some(webhooks) = root.field(name) else { continue };
        for (name, item) in catalogue.entries(&webhooks)? {
            path_item(&mut catalogue, dialect, name, item)?;
        }
    }
    if let Some(paths) = root.field("paths") {
        for (name, item) in catalogue.entries(&paths)? {
            if !name.starts_with("x-") {
                callbacks(&mut catalogue, dialect, item)?;
            }
        }
    }
    catalogue.finish(NOTHING)
}

fn dialect(document: &Value) -> Result<SpecDialect, String> {
    let seen = match &document["openapi"] {
        Value::String(version) => version.clone(),
        // YAML without quotes.
        other => other.to_string(),
    };
    if seen.starts_with("3.0") {
        Ok(SpecDialect::OpenApi30)
    } else if seen.starts_with("3.") {
        Ok(SpecDialect::Draft2020)
    } else if document.get("swagger").is_some() {
        Err("/swagger: the document is of version 2; convert it to OpenAPI 3 first".to_owned())
    } else {
        Err(format!("/openapi: is {}, and has to be a version from 3.0 on, such as `3.1.0`", shown(&seen)))
    }
}

/// The operations that a path, webhook or callback has.
fn operations<'d>(
    catalogue: &mut Catalogue<'d>,
    item: SpecPlace<'d>,
) -> Result<Option<(SpecPlace<'d>, Vec<SpecPlace<'d>>)>, String> {
    let Some(item) = catalogue.resolved(item)? else { return Ok(None) };
    let mut operations: Vec<_> = METHODS.into_iter().filter_map(|method| item.field(method)).collect();
    if let Some(others) = item.field("additionalOperations") {
        operations.extend(catalogue.entries(&others)?.into_iter().map(|(_, operation)| operation));
    }
    Ok(Some((item, operations)))
}

fn path_item<'d>(
    catalogue: &mut Catalogue<'d>,
    dialect: SpecDialect,
    name: &str,
    item: SpecPlace<'d>,
) -> Result<(), String> {
    if catalogue.is_full() {
        return Ok(());
    }
    let at = item.at.clone();
    let Some((item, operations)) = operations(catalogue, item)? else { return Ok(()) };
    if operations.is_empty() {
        catalogue.note(
            &at,
            ImportFate::Impossible,
            "has no operation: give it one, such as `post`".to_owned(),
        );
    }
    for operation in operations {
        let noted = catalogue.noted();
        let mut examples = Vec::new();
        let schema = match media_type(catalogue, &operation)? {
            Some(media) => {
                examples = self::examples(catalogue, &media)?;
                media.field("schema").map(|schema| (schema, dialect))
            }
            None => None,
        };
        let of = |place: &SpecPlace<'d>, name: &str| place.value.get(name);
        catalogue.take(FoundEvent {
            name: name.to_owned(),
            is_named: false,
            group: operation.value["tags"][0].as_str(),
            descriptions: vec![
                of(&operation, "description"),
                of(&operation, "summary"),
                of(&item, "description"),
                of(&item, "summary"),
            ],
            at: operation.at,
            noted,
            schema,
            examples,
        })?;
    }
    Ok(())
}

/// What an operation sends as JSON.
fn media_type<'d>(
    catalogue: &mut Catalogue<'d>,
    operation: &SpecPlace<'d>,
) -> Result<Option<SpecPlace<'d>>, String> {
    let Some(body) = operation.field("requestBody") else { return Ok(None) };
    let Some(body) = catalogue.resolved(body)? else { return Ok(None) };
    let Some(content) = body.field("content") else { return Ok(None) };
    let types = catalogue.entries(&content)?;
    let plain = |name: &str| name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let rank = |name: &str| match plain(name).as_str() {
        "application/json" => Some(0),
        other if other.ends_with("+json") => Some(1),
        "*/*" | "application/*" => Some(2),
        _ => None,
    };
    let mut first: Option<(u8, SpecPlace<'d>)> = None;
    for (name, place) in types {
        if let Some(rank) = rank(name)
            && first.as_ref().is_none_or(|(before, _)| rank < *before)
        {
            first = Some((rank, place));
        }
    }
    match first {
        Some((_, media)) => catalogue.resolved(media),
        None => {
            let detail =
                "none of its media types is JSON, so there is no schema: add `application/json`".to_owned();
            catalogue.note(&content.at, ImportFate::Impossible, detail);
            Ok(None)
        }
    }
}

fn examples<'d>(catalogue: &mut Catalogue<'d>, media: &SpecPlace<'d>) -> Result<Vec<&'d Value>, String> {
    if let Some(example) = media.field("example") {
        return Ok(vec![example.value]);
    }
    let Some(examples) = media.field("examples") else { return Ok(Vec::new()) };
    let mut values = Vec::new();
    for (_, example) in catalogue.entries(&examples)? {
        let Some(example) = catalogue.resolved(example)? else { continue };
        if let Some(value) = example.field("value").or_else(|| example.field("dataValue")) {
            values.push(value.value);
        } else if example.field("externalValue").is_some() {
            let detail = "is outside of the document, and is not read: give it as `value`".to_owned();
            catalogue.note(&joined(&example.at, "externalValue"), ImportFate::Impossible, detail);
        }
    }
    Ok(values)
}

/// The callbacks of the operations of a path. One may be called to several addresses.
fn callbacks<'d>(
    catalogue: &mut Catalogue<'d>,
    dialect: SpecDialect,
    item: SpecPlace<'d>,
) -> Result<(), String> {
    let Some((_, operations)) = operations(catalogue, item)? else { return Ok(()) };
    for operation in operations {
        let Some(callbacks) = operation.field("callbacks") else { continue };
        for (name, callback) in catalogue.entries(&callbacks)? {
            let Some(callback) = catalogue.resolved(callback)? else { continue };
            for (address, item) in catalogue.entries(&callback)? {
                if !address.starts_with("x-") {
                    path_item(catalogue, dialect, name, item)?;
                }
            }
        }
    }
    Ok(())
}

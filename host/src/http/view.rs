//! What answers look like: each view is written as JSON and described for the API's document from
//! the same lines. Not here: the views themselves (`api`).

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;
use serde_json::value::RawValue;

use crate::domain::config::FlowState;
use crate::domain::config::Scope;
use crate::domain::config::ValueFrom;
use crate::domain::delivery::DeliveryState;
use crate::domain::id;
use crate::domain::plugin::Digest;
use crate::domain::time::Timestamp;

/// A JSON Schema and the named ones it refers to.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    /// The schema, or a reference to a named one.
    pub schema: Value,
    /// Named schemas by name.
    pub named: BTreeMap<&'static str, Value>,
}

impl Described {
    /// A schema without a name.
    pub(crate) fn plain(schema: Value) -> Self {
        Self { schema, named: BTreeMap::new() }
    }
}

/// A type whose JSON can be described.
pub(crate) trait View {
    /// Its JSON Schema.
    fn describe() -> Described;
}

macro_rules! plain {
    ($($type:ty => $schema:tt;)+) => {
        $( impl View for $type {
            fn describe() -> Described {
                Described::plain(json!($schema))
            }
        } )+
    };
}

plain! {
    String => {"type": "string"};
    &str => {"type": "string"};
    std::sync::Arc<str> => {"type": "string"};
    bool => {"type": "boolean"};
    u8 => {"type": "integer", "minimum": 0};
    u16 => {"type": "integer", "minimum": 0};
    u32 => {"type": "integer", "minimum": 0};
    u64 => {"type": "integer", "minimum": 0};
    i64 => {"type": "integer"};
    f64 => {"type": "number"};
    Timestamp => {"type": "string", "format": "date-time"};
    Digest => {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"};
    FlowState => {"enum": ["active", "paused"]};
    Scope => {"enum": ["read", "write", "ingest", "admin"]};
        DeliveryState => {"enum": DeliveryState::NAMES};
    ValueFrom => {"oneOf": [
        {"type": "object", "required": ["fixed"], "properties": {"fixed": {"type": "string"}}},
        {"type": "object", "required": ["header"], "properties": {"header": {"type": "string"}}},
        {"type": "object", "required": ["path"], "properties": {"path": {"type": "string"}}}
    ]};
    Value => {};
    Box<RawValue> => {};
}

macro_rules! ids {
    ($($id:ident)+) => {
        $( impl View for id::$id {
            fn describe() -> Described {
                let pattern = format!("^{}_[0-9a-z]{{26}}$", id::$id::PREFIX);
                Described::plain(json!({"type": "string", "pattern": pattern}))
            }
        } )+
    };
}

ids! {
    WorkspaceId SourceId EventId ConnectionId DestinationId DeliveryId AttemptId PluginId KeyId RejectionId
    ComparisonId TestId RolloutId
}

impl<T: View> View for Option<T> {
    fn describe() -> Described {
        let inner = T::describe();
        Described { schema: json!({"anyOf": [inner.schema, {"type": "null"}]}), ..inner }
    }
}

impl<T: View> View for Vec<T> {
    fn describe() -> Described {
        let inner = T::describe();
        Described { schema: json!({"type": "array", "items": inner.schema}), ..inner }
    }
}

impl<K, T: View> View for BTreeMap<K, T> {
    fn describe() -> Described {
        let inner = T::describe();
        Described { schema: json!({"type": "object", "additionalProperties": inner.schema}), ..inner }
    }
}

/// Makes views: structs that are written as JSON and describe themselves. A field that begins with
/// `["Option::is_none"]` is left out when it is `None`.
macro_rules! view {
    ($(
        $(#[doc = $about:literal])+
        $Name:ident {
            $( $(#[doc = $doc:literal])+
               $([$skip:literal])? $field:ident: $type:ty, )+
        }
    )+) => {
        $(
            $(#[doc = $about])+
            #[derive(Debug, serde::Serialize)]
            pub(crate) struct $Name {
                $( $(#[doc = $doc])+ $(#[serde(skip_serializing_if = $skip)])? pub $field: $type, )+
            }

            impl $crate::http::view::View for $Name {
                fn describe() -> $crate::http::view::Described {
                    $crate::http::view::object(
                        stringify!($Name),
                        concat!($($about,)+),
                        vec![ $( (
                            stringify!($field),
                            concat!($($doc,)+),
                            concat!($($skip)?).is_empty(),
                            <$type as $crate::http::view::View>::describe(),
                        ), )+ ],
                    )
                }
            }
        )+
    };
}
pub(crate) use view;

/// The description of an object: name, meaning, and of each field its name, meaning, whether it is
/// always there, and its own description.
pub(crate) fn object(
    name: &'static str,
    about: &str,
    fields: Vec<(&'static str, &'static str, bool, Described)>,
) -> Described {
    let mut named = BTreeMap::new();
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for (field, doc, always, described) in fields {
        let field = field.trim_start_matches("r#");
        let mut schema = described.schema;
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".to_owned(), doc.trim().into());
        }
        properties.insert(field.to_owned(), schema);
        named.extend(described.named);
        if always {
            required.push(field);
        }
    }
    let schema = json!({"type": "object", "description": about.trim(), "properties": properties, "required": required});
    named.insert(name, schema);
    Described { schema: json!({"$ref": format!("#/components/schemas/{name}")}), named }
}

/// A view with further fields: what a list shows of a thing, and the rest of it.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Extended<A, B> {
    /// As in lists.
    #[serde(flatten)]
    pub base: A,
    /// The rest.
    #[serde(flatten)]
    pub more: B,
}

impl<A: View, B: View> View for Extended<A, B> {
    fn describe() -> Described {
        let (mut base, more) = (A::describe(), B::describe());
        base.named.extend(more.named);
        Described { schema: json!({"allOf": [base.schema, more.schema]}), named: base.named }
    }
}

/// A page of a list.
#[derive(Debug, serde::Serialize)]
pub(crate) struct PageView<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Give it as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
}

impl<T: View> View for PageView<T> {
    fn describe() -> Described {
        let items = Vec::<T>::describe();
        let schema = json!({
            "type": "object",
            "properties": {
                "items": items.schema,
                "next_cursor": {"type": ["string", "null"], "description": "Give it as `cursor` for the next page; null at the end."},
            },
            "required": ["items", "next_cursor"],
        });
        Described { schema, named: items.named }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    view! {
        /// A thing.
        Thing {
            /// Its kind.
            r#type: String,
            /// Perhaps a number.
            count: Option<u32>,
            /// Only sometimes there.
            ["Option::is_none"] secret: Option<String>,
        }
    }

    #[test]
    fn what_is_described_is_what_is_written() {
        let described = Thing::describe();
        assert_eq!(described.schema, json!({"$ref": "#/components/schemas/Thing"}));
        let schema = &described.named["Thing"];
        assert_eq!(schema["required"], json!(["type", "count"]));
        assert_eq!(schema["properties"]["secret"]["description"], "Only sometimes there.");
        let written = serde_json::to_value(Thing { r#type: "a".into(), count: None, secret: None }).unwrap();
        assert_eq!(written, json!({"type": "a", "count": null}));
    }
}

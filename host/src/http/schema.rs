//! JSON Schemas of the domain's own types, which know nothing of HTTP: ids, times, states, grants. What is described
//! here is also what is said to whoever sends something else, so descriptions go on after "expected". Not here: views
//! and bodies, which describe themselves.

use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::Object;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::OneOfBuilder;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::AnyOfBuilder;
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::schema::KnownFormat;
use utoipa::openapi::schema::SchemaFormat;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::schema::Type;

use crate::domain::config::FlowState;
use crate::domain::config::OnError;
use crate::domain::config::Scope;
use crate::domain::config::ValueFrom;
use crate::domain::delivery::DeliveryState;
use crate::domain::destination::BatchForm;
use crate::domain::destination::DestinationKind;
use crate::domain::destination::ReceiverKind;
use crate::domain::grant::Grant;
use crate::domain::id;
use crate::domain::plugin::Digest;
use crate::domain::plugin::LogLevel;
use crate::domain::plugin::LogLine;
use crate::domain::secret::Secret;
use crate::domain::step_grants::StepGrant;
use crate::domain::table::ColumnType;
use crate::domain::table::RowChange;
use crate::domain::time::Timestamp;
use crate::domain::verification::SecretEncoding;

/// A text in some form.
fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

/// One of these texts.
pub(crate) fn one_of(description: &str, names: &[&str]) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(names.iter().copied()))
        .into()
}

/// An object with one field.
fn only(name: &str, value: impl Into<RefOr<Schema>>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property(name, value)
        .required(name)
        .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(false)))
        .build()
}

/// Any JSON but null.
pub(crate) fn anything_but_null(description: &str) -> RefOr<Schema> {
    let anything = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
    let of = |kind: Type| ObjectBuilder::new().schema_type(kind);
    AnyOfBuilder::new()
        .description(Some(description))
        .item(of(Type::Object))
        .item(ArrayBuilder::new().items(anything))
        .item(of(Type::String))
        .item(of(Type::Number))
        .item(of(Type::Boolean))
        .into()
}

macro_rules! described {
    ($($type:ty => $schema:expr;)+) => {
        $(
            impl PartialSchema for $type {
                fn schema() -> RefOr<Schema> {
                    $schema.into()
                }
            }
            impl ToSchema for $type {}
        )+
    };
}

macro_rules! ids {
    ($($id:ident)+) => {
        described! { $(
            id::$id => text(&format!("An id that begins with `{}_` and goes on with 26 characters of 0-9 and a-z.", id::$id::PREFIX))
                .pattern(Some(format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", id::$id::PREFIX)));
        )+ }
    };
}

ids! {
    WorkspaceId SourceId EventId ConnectionId DestinationId DeliveryId AttemptId PluginId KeyId RejectionId
    ComparisonId TestId RolloutId PlanId TableId EventTypeId RowId AlertId
}

described! {
    Timestamp => text("An RFC 3339 time such as 2026-04-29T14:31:08Z, from 1970 on.")
        .pattern(Some("^(19[7-9]|[2-9][0-9]{2})[0-9]-"))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    Digest => text("`sha256:` and 64 lower-case hex digits.").pattern(Some("^sha256:[0-9a-f]{64}$"));
    FlowState => one_of("Whether things flow. What is paused holds, or refuses.", &["active", "paused"]);
    Scope => one_of("What a key may do; `admin` may do everything.", &["read", "write", "ingest", "admin"]);
    DestinationKind => one_of("What a destination is.", &DestinationKind::NAMES);
    BatchForm => one_of("How the body of a batch looks.", &BatchForm::NAMES);
    ReceiverKind => one_of("A service that takes bodies of one form only.", &ReceiverKind::NAMES);
    DeliveryState => one_of("Where a delivery stands.", &DeliveryState::NAMES);
    ColumnType => one_of("What the values of a column are.", &ColumnType::NAMES);
    RowChange => one_of("What became of a row.", &RowChange::NAMES);
    OnError => one_of("What follows when a step cannot answer.", &["fail", "drop", "pass"]);
    LogLevel => one_of("How loud a line is.", &["debug", "info", "warn", "error"]);
    Grant => one_of("A grant.", &["clock", "http", "kv", "random", "secrets"]);
    Secret => text("A text that is not shown again.")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)));
}

impl PartialSchema for ValueFrom {
    fn schema() -> RefOr<Schema> {
        let text = |about: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(about));
        OneOfBuilder::new()
            .description(Some(
                "An object with exactly one of `fixed`, `header` and `path`: where a value is taken from.",
            ))
            .item(only("fixed", text("Always this.")))
            .item(only("header", text("The value of this header.")))
            .item(only("path", text("The first node of this JSONPath over the body.")))
            .into()
    }
}

impl ToSchema for ValueFrom {}

impl PartialSchema for SecretEncoding {
    fn schema() -> RefOr<Schema> {
        let prefix = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Base 64 after this prefix, which may be missing (`whsec_`)."));
        OneOfBuilder::new()
            .description(Some("How a secret's text becomes a key."))
            .item(one_of("As it stands, or what it is written in.", &["utf8", "hex", "base64"]))
            .item(only("base64_after_prefix", prefix))
            .into()
    }
}

impl ToSchema for SecretEncoding {}

impl PartialSchema for StepGrant {
    fn schema() -> RefOr<Schema> {
        let texts = |about: &str| {
            ArrayBuilder::new()
                .items(ObjectBuilder::new().schema_type(Type::String))
                .min_items(Some(1))
                .description(Some(about))
        };
        OneOfBuilder::new()
            .description(Some("Something a plugin may use in a step beyond its events."))
            .item(one_of("What needs no more than its name.", &["clock", "kv", "random"]))
            .item(only("http", texts("Hosts that it may send requests to, such as `api.example.com`, `*.example.com` or `api.example.com:8443`.")))
            .item(only("secrets", texts("Names of the workspace's secrets that it may read.")))
            .into()
    }
}

impl ToSchema for StepGrant {}

impl PartialSchema for LogLine {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("A line of a plugin's log."))
            .property("level", LogLevel::schema())
            .required("level")
            .property("message", text("What it says."))
            .required("message")
            .into()
    }
}

impl ToSchema for LogLine {}

//! What several views have in common: pages of lists, and what a thing has beside what lists show of it. Not here: the
//! views themselves (`api`).

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::id::EventId;

/// A view with further fields: what a list shows of a thing, and the rest of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Extended<A, B> {
    /// As in lists.
    #[serde(flatten)]
    pub base: A,
    /// The rest.
    #[serde(flatten)]
    pub more: B,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageView<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Give it as `cursor` for the next page; null at the end.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

/// An event that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptedView {
    /// Its id, or that of the first event with the same idempotency key.
    pub id: EventId,
    /// There, and true, when it was seen before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub duplicate: Option<bool>,
}

/// Bytes of whatever media type: JSON as well.
#[derive(Debug, ToSchema)]
#[schema(value_type = serde_json::Value)]
#[expect(dead_code, reason = "only its description is needed")]
pub(crate) struct Anything(Vec<u8>);

/// Bytes that are no JSON.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "only its description is needed")]
pub(crate) struct Blob(Vec<u8>);

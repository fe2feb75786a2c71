//! Pages of lists: where they begin, how long they are. Pages of what is in memory are cut here; the store pages itself.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error as _;
use utoipa::IntoParams;
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::Type;

use crate::http::view::PageView;

/// Items of a page when the request does not say.
const LIMIT: usize = 50;

/// Where a page begins: the bits of the last id before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor(pub u128);

impl Cursor {
    /// As text.
    pub(crate) fn show(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.to_be_bytes())
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        bytes.map(|bytes| Self(u128::from_be_bytes(bytes))).ok_or_else(|| D::Error::custom("no cursor"))
    }
}

impl PartialSchema for Cursor {
    fn schema() -> RefOr<Schema> {
        // 16 bytes; of the last letter only the upper two bits count.
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_-]{21}[AQgw]$")).into()
    }
}

impl ToSchema for Cursor {}

/// The parameters of a list without filters.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Items of a page, 1 to 500; 50 if not given.
    #[param(minimum = 1, maximum = 500, nullable = false)]
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    #[param(inline, nullable = false)]
    cursor: Option<Cursor>,
}

impl PageQuery {
    /// What they ask for.
    pub(crate) fn page(&self) -> PageRequest {
        PageRequest::new(self.limit, self.cursor)
    }
}

/// The page that is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageRequest {
    /// How many items it has at most.
    pub limit: usize,
    /// The bits of the last id before it.
    pub before: Option<u128>,
}

impl PageRequest {
    /// By the two parameters.
    pub(crate) fn new(limit: Option<usize>, cursor: Option<Cursor>) -> Self {
        Self { limit: limit.unwrap_or(LIMIT), before: cursor.map(|cursor| cursor.0) }
    }

    /// The page of documents that come oldest first; `bits` gives an id's bits.
    pub(crate) fn of<'a, T: 'a, V>(
        self,
        oldest_first: impl DoubleEndedIterator<Item = &'a Arc<T>>,
        bits: impl Fn(&T) -> u128,
        view: impl Fn(&T) -> V,
    ) -> PageView<V> {
        let before = self.before.unwrap_or(u128::MAX);
        let mut rest = oldest_first.rev().filter(|item| bits(item) < before);
        let items: Vec<&Arc<T>> = rest.by_ref().take(self.limit).collect();
        let more = rest.next().is_some();
        let next_cursor = items.last().filter(|_| more).map(|last| Cursor(bits(last)).show());
        PageView { items: items.into_iter().map(|item| view(item)).collect(), next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_join_without_gap_or_overlap() {
        let all: Vec<Arc<u128>> = (1..=7).map(Arc::new).collect();
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let page = PageRequest::new(Some(3), cursor).of(all.iter(), |bits| *bits, |bits| *bits);
            seen.extend(page.items);
            let Some(next) = page.next_cursor else { break };
            cursor = Some(serde_json::from_value(next.into()).unwrap());
        }
        assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    }

    #[test]
    fn a_cursor_comes_back() {
        let cursor = Cursor(u128::MAX - 5);
        assert_eq!(serde_json::from_value::<Cursor>(cursor.show().into()).unwrap(), cursor);
    }
}

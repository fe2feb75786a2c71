//! Pages of lists that are in memory. Not here: those of the store, which pages itself.

use std::sync::Arc;

use crate::http::query::Params;
use crate::http::query::cursor;
use crate::http::view::PageView;

/// The page the parameters ask for of documents that come oldest first; `bits` gives an id's bits.
pub(super) fn of<'a, T: 'a, V>(
    oldest_first: impl DoubleEndedIterator<Item = &'a Arc<T>>,
    params: &Params<'_>,
    bits: impl Fn(&T) -> u128,
    view: impl Fn(&T) -> V,
) -> PageView<V> {
    let (limit, before) = (params.limit(), params.cursor().unwrap_or(u128::MAX));
    let mut rest = oldest_first.rev().filter(|item| bits(item) < before);
    let items: Vec<&Arc<T>> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let next_cursor = items.last().filter(|_| more).map(|last| cursor(bits(last)));
    PageView { items: items.into_iter().map(|item| view(item)).collect(), next_cursor }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::query::LIST;

    #[test]
    fn pages_join_without_gap_or_overlap() {
        let all: Vec<Arc<u128>> = (1..=7).map(Arc::new).collect();
        let mut seen = Vec::new();
        let mut query = "limit=3".to_owned();
        loop {
            let page = of(all.iter(), &Params::read(&query, LIST), |bits| *bits, |bits| *bits);
            seen.extend(page.items);
            let Some(next) = page.next_cursor else { break };
            query = format!("limit=3&cursor={next}");
        }
        assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    }
}

//! `/v1/alerts`: what stands and waits for somebody. Not here: that it is told as events (`pipeline::alerts`).

use utoipa_axum::routes;

use crate::domain::id::AlertId;
use crate::http::api::page::Cursor;
use crate::http::api::page::PageQuery;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::QueryParams;
use crate::http::view::PageView;
use crate::rules::alert::AlertMessage;

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default().add(Door::read(), routes!(list))
}

/// Lists the alerts that stand: what has begun to fail and not come right again. Connections take them as events from the
/// source `alerts`, when they are raised and when they have recovered.
#[utoipa::path(
    get,
    path = "/v1/alerts",
    params(PageQuery),
    responses((status = 200, body = PageView<AlertMessage>)),
)]
async fn list(call: Call, query: QueryParams<PageQuery>) -> Answer {
    let (workspace, page) = (call.workspace()?, query.whole()?.page());
    let before = page.before.map(AlertId::from_bits);
    let mut alerts = call.insight.alerts(workspace, before, page.limit + 1).await?;
    let has_more = alerts.len() > page.limit;
    alerts.truncate(page.limit);
    let next_cursor = alerts.last().filter(|_| has_more).map(|last| Cursor(last.id.bits()).show());
    Ok(reply::ok(&PageView { items: alerts, next_cursor }))
}

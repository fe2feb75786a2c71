//! Lists requests that were turned away. Their rows lie in the log in the order of commits, which
//! is nearly that of their ids. Not here: other rows.

use sled::Tree;

use crate::domain::id::RejectionId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::plan::Rejection;
use crate::store::LogEntry;
use crate::store::Page;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::log_chunk;
use crate::store::sled::layout::log_chunk::Subject;
use crate::store::sled::layout::parts;
use crate::store::sled::read::events::SCAN_BYTES;

/// Rejections are noted at most so long after their id was made; further back nothing is found
/// that belongs before what was found already.
const DISORDER_MILLIS: u64 = 2_000;
/// Chunks looked at in one list at most.
const SCAN_CHUNKS: usize = 100_000;

/// Which rejections to list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RejectionsWanted {
    pub(crate) workspace: WorkspaceId,
    pub(crate) source: SourceId,
    pub(crate) before: Option<RejectionId>,
    pub(crate) limit: usize,
}

/// A list of rejections, newest first.
pub(crate) fn list(tree: &Tree, wanted: RejectionsWanted) -> Result<Page<Rejection, RejectionId>, SledFault> {
    let limit = wanted.limit.max(1);
    let before = wanted.before.map_or(u128::MAX, RejectionId::bits);
    let mut found: Vec<Rejection> = Vec::new();
    let (mut scanned, mut looked_at, mut oldest) = (0, 0, None);
    for entry in parts::backward(tree, vec![keys::LOG], vec![keys::LOG + 1]) {
        let entry = entry?;
        let head = log_chunk::head(entry.head()?)?;
        let settled = head.at.as_millis().saturating_add(DISORDER_MILLIS);
        if found.len() > limit {
            newest_first(&mut found);
            if found[limit].id.unix_millis() > settled {
                break;
            }
        }
        looked_at += 1;
        if scanned >= SCAN_BYTES || looked_at > SCAN_CHUNKS {
            oldest = Some(RejectionId::from_bits(u128::from(settled) << 80));
            break;
        }
        if !head.rejections.is_some() || head.rejections.least >= before {
            continue;
        }
        let body = entry.body(tree)?;
        scanned += body.len();
        for row in log_chunk::read(&head, &body)?.1 {
            if !matches!(row.subject, Subject::Rejection(id) if id < before) {
                continue;
            }
            if let LogEntry::Rejection(rejection) = row.entry()?
                && (rejection.workspace, rejection.source) == (wanted.workspace, wanted.source)
            {
                found.push(rejection);
            }
        }
    }
    newest_first(&mut found);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = if more { found.last().map(|rejection| rejection.id) } else { oldest };
    Ok(Page { items: found, next })
}

fn newest_first(found: &mut [Rejection]) {
    found.sort_by_key(|rejection| std::cmp::Reverse(rejection.id));
}

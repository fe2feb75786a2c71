//! What the answer to a batch comes to for each of its members: 2xx is for all of them, unless the destination says what
//! of the answer names those that were not taken. An answer that cannot be read is for none: what was taken is sent
//! again, which is better than that something is lost. Not here: reading it (`refusals`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::delivery::dispatch::refusals;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::Response;
use crate::domain::delivery::SendError;
use crate::domain::id::DeliveryId;
use crate::rules::alert::detail;
use crate::shape::Query;

/// Bytes of an answer that is no use of which something is shown.
const SHOWN: usize = 2048;

/// Who of a batch was not taken although the answer is 2xx.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct BatchAnswer {
    /// By place, with what is said of each.
    pub(super) refused: BTreeMap<usize, SendError>,
    /// What else the answer says, which means nobody.
    pub(super) ignored: Option<String>,
}

/// What an outcome says of these, `failed` naming those that were not taken.
pub(super) fn of(
    failed: Option<&Result<Arc<Query>, String>>,
    outcome: &AttemptOutcome,
    members: &[DeliveryId],
) -> BatchAnswer {
    let (Some(failed), AttemptOutcome::Answered(response)) = (failed, outcome) else {
        return BatchAnswer::default();
    };
    if !response.is_success() {
        return BatchAnswer::default();
    }
    let read = failed.as_ref().map_err(|fault| format!("the path is no JSONPath: {fault}"));
    match read.and_then(|query| refusals::of(query, response, members)) {
        Ok(found) => {
            let error = |says: String| SendError {
                code: ErrorCode::RefusedInBatch,
                detail: format!("answered {}, and named as not taken: {says}", response.status),
            };
            let ignored = found.unknown.map(|unknown| format!("by `batch.failed`, {unknown}"));
            let refused = found.refused.into_iter().map(|(at, says)| (at, error(says))).collect();
            BatchAnswer { refused, ignored }
        }
        Err(why) => {
            let error = unreadable(response, &why);
            let refused = (0..members.len()).map(|at| (at, error.clone())).collect();
            BatchAnswer { refused, ignored: None }
        }
    }
}

fn unreadable(response: &Response, why: &str) -> SendError {
    let begin = &response.body[..response.body.len().min(SHOWN)];
    let seen = match detail(&String::from_utf8_lossy(begin)) {
        seen if seen.is_empty() => seen,
        seen => format!("; it begins: {seen}"),
    };
    let said = format!(
        "answered {}, but `batch.failed` finds nothing out in the answer: {why}. All of the batch is sent again, also \
         what was taken: have the receiver answer JSON, or shorter, or take `failed` away{seen}",
        response.status
    );
    SendError { code: ErrorCode::BadResponse, detail: said }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::BodyEnd;
    use crate::domain::event::Headers;

    fn split(failed: Option<&str>, status: u16, body: &str) -> BatchAnswer {
        let response = Response {
            status,
            headers: Headers::default(),
            body: body.to_owned().into(),
            end: BodyEnd::Whole,
        };
        let failed = failed.map(|text| Query::compile(text).map(Arc::new).map_err(|fault| fault.detail));
        let members = [1, 2, 3].map(|bits| DeliveryId::from_bits(bits << 64));
        of(failed.as_ref(), &AttemptOutcome::Answered(response), &members)
    }

    #[test]
    fn who_was_named_was_not_taken() {
        let answer = split(Some("$[*]"), 200, "[1, 99]");
        let [(1, error)] = answer.refused.iter().map(|(at, error)| (*at, error)).collect::<Vec<_>>()[..]
        else {
            panic!("{answer:?}");
        };
        assert_eq!(
            (error.code, error.detail.as_str()),
            (ErrorCode::RefusedInBatch, "answered 200, and named as not taken: 1")
        );
        assert!(answer.ignored.is_some_and(|said| said.contains("99")));
    }

    #[test]
    fn without_a_path_or_without_success_nothing_is_split() {
        for (failed, status) in [(None, 200), (Some("$[*]"), 500), (Some("$[*]"), 302)] {
            assert_eq!(split(failed, status, "[1]"), BatchAnswer::default());
        }
        let broke = AttemptOutcome::broke(ErrorCode::Timeout, "15 s");
        let query = Query::compile("$").map(Arc::new).map_err(|fault| fault.detail);
        assert_eq!(of(Some(&query), &broke, &[DeliveryId::from_bits(1)]), BatchAnswer::default());
    }

    #[test]
    fn what_cannot_be_read_took_none() {
        for (failed, body, why) in [
            ("$[*]", "<h1>\u{1b}fine</h1>", "not valid JSON"),
            ("$[*]", "", "empty"),
            ("$[", "[]", "no JSONPath"),
        ] {
            let answer = split(Some(failed), 200, body);
            assert_eq!(answer.refused.len(), 3, "{answer:?}");
            let error = &answer.refused[&2];
            assert_eq!(error.code, ErrorCode::BadResponse);
            assert!(error.detail.contains(why) && !error.detail.contains('\u{1b}'), "{}", error.detail);
        }
    }
}

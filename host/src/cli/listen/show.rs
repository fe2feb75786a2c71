//! How what was forwarded reads: a line for each event, for people or programs, and a summary. Whatever comes from
//! senders and from the local service is one line of ours or stands below one.

use serde_json::Value;
use serde_json::json;

use crate::cli::listen::local::ListenParcel;
use crate::cli::listen::local::LocalOutcome;
use crate::cli::listen::received::ReceivedEvent;
use crate::cli::text::block;
use crate::cli::text::one_line;
use crate::domain::id::EventId;
use crate::domain::time::Timestamp;

/// Characters shown to people of an answer that is no success; `--json` has more.
const SHOWN_MAX: usize = 400;

/// An event, and when its line is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListenLine<'a> {
    /// Now.
    pub(super) at: Timestamp,
    /// Which.
    pub(super) id: EventId,
    /// As it came.
    pub(super) event: &'a ReceivedEvent,
    /// Whether programs read it.
    pub(super) json: bool,
}

impl ListenLine<'_> {
    /// What came of forwarding it.
    pub(super) fn forwarded(&self, parcel: &ListenParcel, outcome: &LocalOutcome) -> String {
        let LocalOutcome { url, answer, took } = outcome;
        let method = if parcel.method.is_empty() { "POST" } else { &parcel.method };
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if self.json {
            let (status, text) =
                answer.as_ref().ok().map_or((None, None), |(status, text)| (Some(status), Some(text)));
            let mut line = self.begun(&parcel.event_type);
            line["webhook_id"] = parcel.id.as_str().into();
            line["method"] = method.into();
            line["url"] = url.as_str().into();
            line["status"] = json!(status);
            line["ms"] = ms.into();
            line["answer"] = json!(text);
            line["error"] = json!(answer.as_ref().err());
            return format!("{line}\n");
        }
        let head = self.head(&parcel.event_type);
        let to = one_line(url.as_str());
        match answer {
            Ok((status @ 200..300, _)) => format!("{head}  {method} {to}  {status} in {ms} ms\n"),
            Ok((status, text)) => {
                let shown: String = text.chars().take(SHOWN_MAX).collect();
                let below = if shown.trim().is_empty() { String::new() } else { block(&shown) + "\n" };
                format!("{head}  {method} {to}  {status} in {ms} ms\n{below}")
            }
            Err(why) => format!("{head}  {method} {to}  no answer in {ms} ms: {}\n", one_line(why)),
        }
    }

    /// Why nothing was forwarded.
    pub(super) fn not_forwarded(&self, why: &str) -> String {
        if self.json {
            let mut line = self.begun(&self.event.r#type);
            line["not_forwarded"] = why.into();
            return format!("{line}\n");
        }
        format!("{}  not forwarded: {}\n", self.head(&self.event.r#type), one_line(why))
    }

    fn begun(&self, event_type: &str) -> Value {
        json!({"at": self.at, "event": self.id, "source": self.event.source, "type": event_type})
    }

    /// The time of day (UTC), the id, the type.
    fn head(&self, event_type: &str) -> String {
        let at = self.at.to_string();
        let kind = if event_type.is_empty() { "-" } else { event_type };
        format!("{}Z  {}  {}", at.get(11..19).unwrap_or(&at), self.id, one_line(kind))
    }
}

/// What it came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ListenTally {
    /// Answered with 2xx.
    pub(super) taken: u64,
    /// Answered with another status.
    pub(super) refused: u64,
    /// Not answered.
    pub(super) unanswered: u64,
    /// Not forwarded.
    pub(super) left_out: u64,
}

impl ListenTally {
    /// Counts what came of sending one.
    pub(super) fn add(&mut self, outcome: &LocalOutcome) {
        match outcome.answer {
            Ok((200..300, _)) => self.taken += 1,
            Ok(_) => self.refused += 1,
            Err(_) => self.unanswered += 1,
        }
    }

    /// Those that were forwarded, answered or not.
    pub(super) fn forwarded(&self) -> u64 {
        self.taken + self.refused + self.unanswered
    }

    /// In one line.
    pub(super) fn summary(&self) -> String {
        let mut text = format!("forwarded {}: {} answered with 2xx", self.forwarded(), self.taken);
        for (count, words) in [(self.refused, "with another status"), (self.unanswered, "not answered")] {
            if count > 0 {
                text.push_str(&format!(", {count} {words}"));
            }
        }
        if self.left_out > 0 {
            text.push_str(&format!("; {} not forwarded", self.left_out));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::Url;

    use super::*;

    fn event(kind: &str) -> ReceivedEvent {
        serde_json::from_value(json!({"source": "src_1", "type": kind, "content_type": "", "method": "POST",
            "path": "", "query": "", "headers": []}))
        .unwrap()
    }

    fn outcome(answer: Result<(u16, &str), &str>) -> LocalOutcome {
        LocalOutcome {
            url: Url::parse("http://127.0.0.1:3000/hook").unwrap(),
            answer: answer.map(|(status, text)| (status, text.to_owned())).map_err(str::to_owned),
            took: Duration::from_millis(12),
        }
    }

    fn line(kind: &str, answer: Result<(u16, &str), &str>, json: bool) -> String {
        let (event, id) = (event(kind), EventId::from_bits(0));
        let parcel = ListenParcel { event_type: kind.to_owned(), ..ListenParcel::default() };
        let at = Timestamp::from_millis(52_268_000);
        ListenLine { at, id, event: &event, json }.forwarded(&parcel, &outcome(answer))
    }

    #[test]
    fn lines_for_people() {
        let id = "evt_00000000000000000000000000";
        let to = "POST http://127.0.0.1:3000/hook";
        assert_eq!(
            line("push", Ok((200, "ok")), false),
            format!("14:31:08Z  {id}  push  {to}  200 in 12 ms\n")
        );
        assert_eq!(
            line("", Ok((500, "a\nb")), false),
            format!("14:31:08Z  {id}  -  {to}  500 in 12 ms\n  a\n  b\n")
        );
        assert_eq!(
            line("push", Err("refused"), false),
            format!("14:31:08Z  {id}  push  {to}  no answer in 12 ms: refused\n")
        );
    }

    #[test]
    fn what_others_say_forges_no_line() {
        let text = line("a\n14:31:08Z  forged\x1b[2J", Ok((500, "\r14:31:08Z  forged\x1b]0;x\x07")), false);
        assert_eq!(text.lines().filter(|line| line.starts_with("14:31:08Z")).count(), 1, "{text}");
        assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text}");
    }

    #[test]
    fn lines_for_programs() {
        let value: Value = serde_json::from_str(&line("p\x1b", Ok((500, "\x1b")), true)).unwrap();
        assert_eq!(
            (&value["type"], &value["status"], &value["answer"]),
            (&json!("p\x1b"), &json!(500), &json!("\x1b"))
        );
        assert_eq!((&value["ms"], &value["error"]), (&json!(12), &Value::Null));
        let value: Value = serde_json::from_str(&line("p", Err("refused"), true)).unwrap();
        assert_eq!((&value["status"], &value["error"]), (&Value::Null, &json!("refused")));
    }

    #[test]
    fn a_summary_has_what_there_was() {
        let mut tally = ListenTally::default();
        tally.add(&outcome(Ok((204, ""))));
        assert_eq!(tally.summary(), "forwarded 1: 1 answered with 2xx");
        tally.add(&outcome(Ok((302, ""))));
        tally.add(&outcome(Err("refused")));
        tally.left_out += 2;
        assert_eq!(
            tally.summary(),
            "forwarded 3: 1 answered with 2xx, 1 with another status, 1 not answered; 2 not forwarded"
        );
    }
}

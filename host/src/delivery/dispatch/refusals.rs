//! Which members of a batch its receiver did not take, as its answer says: each node of a query names one. Pure. Not here:
//! what becomes of them (`dispatch::batch`).

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use crate::domain::delivery::BodyEnd;
use crate::domain::delivery::Response;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::rules::alert::detail;
use crate::shape::Budget;
use crate::shape::Document;
use crate::shape::Exhausted;
use crate::shape::Node;
use crate::shape::NodeKind;
use crate::shape::Query;

/// Bytes of an answer that are looked into.
pub(in crate::delivery) const ANSWER_READ: usize = 1 << 20;
/// Keys and values of an answer that are looked at: some milliseconds.
const VISITS: u64 = 500_000;
/// Of what names no member, so many are quoted.
const QUOTED: usize = 3;
/// Characters of each.
const QUOTED_CHARS: usize = 60;

/// What an answer says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Refusals {
    /// The beginning of what names each, by its place; fit to be shown.
    pub(super) refused: BTreeMap<usize, String>,
    /// What is said of nodes that name no member.
    pub(super) unknown: Option<String>,
}

/// Somebody who is meant.
enum Named {
    Place(usize),
    Delivery(DeliveryId),
    Event(EventId),
    Nobody,
}

/// What the answer to a batch of these says, or why that cannot be told.
pub(super) fn of(query: &Query, response: &Response, members: &[DeliveryId]) -> Result<Refusals, String> {
    match &response.end {
        BodyEnd::Whole => {}
        BodyEnd::Longer => {
            return Err(format!("it is longer than the {} KiB of it that are read", ANSWER_READ >> 10));
        }
        BodyEnd::Broken(error) => return Err(format!("it broke off ({})", error.detail)),
    }
    if response.body.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut budget = Budget::new(VISITS, 0);
    budget.parse(response.body.len()).map_err(too_much)?;
    let document = Document::parse(&response.body).map_err(|fault| format!("it is {fault}"))?;
    let nodes = query.nodes(&document, &mut budget).map_err(too_much)?;
    let mut found = Refusals::default();
    let (mut seen, mut unknown, mut lists) = (HashSet::new(), Vec::new(), Lists::default());
    for node in nodes.into_iter().filter(|node| seen.insert(node.index())) {
        let named = named(&document, node, &mut lists, &mut budget).map_err(too_much)?;
        let places = places(&named, members, &mut budget).map_err(too_much)?;
        if places.is_empty() {
            unknown.push(node);
        }
        for place in places {
            found.refused.entry(place).or_insert_with(|| detail(node.raw()));
        }
    }
    found.unknown = (!unknown.is_empty()).then(|| nobody(&unknown));
    Ok(found)
}

fn too_much(exhausted: Exhausted) -> String {
    exhausted.to_string()
}

/// The places of the members that are meant: several where an event was delivered several times.
fn places(named: &Named, members: &[DeliveryId], budget: &mut Budget) -> Result<Vec<usize>, Exhausted> {
    budget.visit(1 + members.len() as u64 / 16)?;
    let is_meant = |(at, id): (usize, &DeliveryId)| match named {
        Named::Place(place) => at == *place,
        Named::Delivery(delivery) => id == delivery,
        Named::Event(event) => id.event() == *event,
        Named::Nobody => false,
    };
    Ok(members.iter().enumerate().filter(|member| is_meant(*member)).map(|(at, _)| at).collect())
}

/// Who a node means.
fn named(
    document: &Document<'_>,
    node: Node<'_>,
    lists: &mut Lists,
    budget: &mut Budget,
) -> Result<Named, Exhausted> {
    let by_place = |place: Option<usize>| place.map_or(Named::Nobody, Named::Place);
    match node.kind() {
        NodeKind::String => {
            let text = node.as_str().unwrap_or_default();
            let delivery = text.parse().map(Named::Delivery);
            Ok(delivery.or_else(|_| text.parse().map(Named::Event)).unwrap_or(Named::Nobody))
        }
        NodeKind::Number
            if node.as_f64().is_none_or(|number| number.fract() == 0.0 || !number.is_finite()) =>
        {
            Ok(by_place(node.as_f64().and_then(whole)))
        }
        _ => Ok(by_place(lists.place(document, node, budget)?)),
    }
}

/// A number as a place: none below zero, and none that no batch has.
fn whole(number: f64) -> Option<usize> {
    (0.0..=f64::from(u32::MAX)).contains(&number).then_some(number as usize)
}

/// Where the elements of lists begin, each list looked through once however many nodes stand in it.
#[derive(Default)]
struct Lists(HashMap<u32, Vec<u32>>);

impl Lists {
    /// The first index on the way to a node: its place in the outermost list that it stands in.
    fn place(
        &mut self,
        document: &Document<'_>,
        node: Node<'_>,
        budget: &mut Budget,
    ) -> Result<Option<usize>, Exhausted> {
        let holds = |child: Node<'_>| child.index() <= node.index() && node.index() < child.end_index();
        let mut around = document.root();
        while around.index() != node.index() {
            if around.kind() == NodeKind::Array {
                let begins = self
                    .0
                    .entry(around.index())
                    .or_insert_with(|| around.elements().map(Node::index).collect());
                budget.visit(1 + begins.len() as u64 / 64)?;
                return Ok(begins.partition_point(|begin| *begin <= node.index()).checked_sub(1));
            }
            let mut next = None;
            for (_, child) in around.members() {
                budget.visit(1)?;
                if holds(child) {
                    next = Some(child);
                    break;
                }
            }
            let Some(child) = next else { return Ok(None) };
            around = child;
        }
        Ok(None)
    }
}

fn nobody(nodes: &[Node<'_>]) -> String {
    let quoted = |node: &Node<'_>| detail(&node.raw().chars().take(QUOTED_CHARS).collect::<String>());
    let quoted: Vec<String> = nodes.iter().take(QUOTED).map(quoted).collect();
    let more = if nodes.len() > QUOTED { ", …" } else { "" };
    format!("it names {} that the batch does not have: {}{more}", nodes.len(), quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::ErrorCode;
    use crate::domain::delivery::SendError;
    use crate::domain::event::Headers;

    fn members() -> Vec<DeliveryId> {
        let event = |bits: u128| EventId::from_bits(bits << 64);
        vec![
            event(1).delivery(0),
            event(1).delivery(1),
            event(2).delivery(0),
            event(3).delivery(0),
            event(4).delivery(0),
        ]
    }

    fn answered(body: &str) -> Response {
        Response {
            status: 200,
            headers: Headers::default(),
            body: body.to_owned().into(),
            end: BodyEnd::Whole,
        }
    }

    fn refused(query: &str, body: &str) -> Vec<usize> {
        let found = of(&Query::compile(query).unwrap(), &answered(body), &members()).unwrap();
        found.refused.into_keys().collect()
    }

    #[test]
    fn elasticsearch_names_them_by_their_places() {
        let body = r#"{"errors": true, "items": [{"index": {"status": 201}}, {"index": {"status": 400, "error": {"type": "x\u001b[2J"}}},
            {"index": {"status": 201}}, {"create": {"status": 429}}, {"index": {"status": 503}}]}"#;
        assert_eq!(refused("$.items[?@.index.status >= 400]", body), [1, 4]);
        assert_eq!(refused("$.items[?@[?@.status >= 400]]", body), [1, 3, 4]);
        assert_eq!(refused("$.items[?@.index.status >= 400].index.error", body), [1], "by the first index");
        let query = Query::compile("$.items[?@.index.status >= 400]").unwrap();
        let found = of(&query, &answered(body), &members()).unwrap();
        assert!(found.refused[&1].contains("status") && !found.refused[&1].contains('\u{1b}'), "{found:?}");
        assert_eq!(found.unknown, None);
    }

    #[test]
    fn others_name_them_by_number_or_id() {
        assert_eq!(
            refused("$.failed[*].index", r#"{"failed": [{"index": 4}, {"index": 0}, {"index": 4}]}"#),
            [0, 4]
        );
        assert_eq!(refused("$[*]", "[2.0, 3e0]"), [2, 3]);
        let ids = members();
        assert_eq!(refused("$[*]", &format!(r#"["{}", "{}"]"#, ids[3], ids[0])), [0, 3]);
        // An event may have been delivered twice.
        assert_eq!(refused("$[*].id", &format!(r#"[{{"id": "{}"}}]"#, ids[0].event())), [0, 1]);
        assert_eq!(refused("$.ok[?@ == false]", r#"{"ok": [true, false, true, true, false]}"#), [1, 4]);
        assert_eq!(refused("$.failed[*]", r#"{"failed": []}"#), Vec::<usize>::new());
        assert_eq!(refused("$.failed[*]", "{}"), Vec::<usize>::new());
    }

    #[test]
    fn what_names_nobody_is_told_and_bounded() {
        let query = Query::compile("$[*]").unwrap();
        let long = "x\u{1b}".repeat(5000);
        let body = format!(
            r#"[1000000000, -1, -0.0, 1e999, 5, "evt_none", 123456789012345678901234567890, {}]"#,
            serde_json::json!(long)
        );
        let found = of(&query, &answered(&body), &members()).unwrap();
        assert_eq!(found.refused.into_keys().collect::<Vec<_>>(), [0], "minus nought is nought");
        let unknown = found.unknown.unwrap();
        assert!(
            unknown.starts_with("it names 7 that the batch does not have: 1000000000, -1, 1e999, …"),
            "{unknown}"
        );
        let found = of(&Query::compile("$.a").unwrap(), &answered(r#"{"a": {"b": 1}}"#), &members()).unwrap();
        assert!(found.refused.is_empty() && found.unknown.is_some(), "in no list: {found:?}");
        let found = of(
            &Query::compile("$.a").unwrap(),
            &answered(&format!(r#"{{"a": {}}}"#, serde_json::json!(long))),
            &members(),
        )
        .unwrap();
        assert!(found.unknown.is_some_and(|said| said.len() < 1000 && !said.contains('\u{1b}')));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let query = Query::compile("$..[?@.a || @.b]").unwrap();
        let why = |response: Response| of(&query, &response, &members()).unwrap_err();
        assert_eq!(why(answered("")), "it is empty");
        assert!(why(answered("<html>")).contains("not valid JSON"), "{}", why(answered("<html>")));
        assert!(why(Response { end: BodyEnd::Longer, ..answered("[]") }).contains("1024 KiB"));
        let broken = BodyEnd::Broken(SendError { code: ErrorCode::Timeout, detail: "after 15 s".into() });
        assert!(why(Response { end: broken, ..answered("[]") }).contains("after 15 s"));
        let deep = "[".repeat(200_000);
        assert!(why(answered(&deep)).contains("not valid JSON"));
        let costly = Query::compile("$..*[*,*,*,*]..*[*,*,*,*]").unwrap();
        let wide = format!("[{}]", "[[1,2,3,4],[1,2,3,4]],".repeat(20_000) + "1");
        let said = of(&costly, &answered(&wide), &members()).unwrap_err();
        assert!(said.contains("budget"), "{said}");
    }

    #[test]
    fn the_largest_answer_that_is_read_is_no_trouble() {
        let item = r#"{"index":{"_index":"events","_id":"AAAAAAAAAAAAAAAAAAAA","_version":1,"result":"created","_shards":{"total":2,"successful":1,"failed":0},"status":429}},"#;
        let members: Vec<DeliveryId> =
            (0..1000u128).map(|at| EventId::from_bits(at << 64).delivery(0)).collect();
        let body = format!(r#"{{"items":[{}{{}}]}}"#, item.repeat(1000));
        assert!(body.len() < ANSWER_READ);
        let query = Query::compile("$.items[?@.index.status >= 400]").unwrap();
        assert_eq!(of(&query, &answered(&body), &members).unwrap().refused.len(), 1000);
    }
}

//! Ten thousand rows that nobody should send: each is there as it was given, or was refused by column and reason, and what
//! is there is of the types that the table has.

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::eventually::eventually_within;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use std::time::Duration;

const COLUMNS: [&str; 7] = ["text", "number", "integer", "boolean", "time", "json", "choice"];
/// Rows of a request: as many refusals are told.
const ROWS: usize = 100;

/// Values of all kinds, most of which most columns cannot have.
fn values() -> Vec<Value> {
    let long = "x".repeat(70_000);
    let deep = (0..60).fold(json!(1), |inner, _| json!([inner]));
    vec![
        Value::Null,
        json!(""),
        json!("a"),
        json!("7"),
        json!(7),
        json!(-0.0),
        json!(1e308),
        json!(9_007_199_254_740_993_i64),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(0.1),
        json!(true),
        json!("true"),
        json!("NaN"),
        json!("2026-02-30T00:00:00Z"),
        json!("2026-02-28T23:59:60Z"),
        json!("2026-02-28T12:00:00+05:30"),
        json!("=HYPERLINK(\"http://x\")"),
        json!("'; DROP TABLE rows; --"),
        json!("\u{0}\u{1}\u{1b}[31m"),
        json!("\u{202e}\u{feff}e\u{301}"),
        json!("line\r\nbreak,\"quoted\""),
        json!("new"),
        json!("New"),
        json!([]),
        json!({"$path": "$.x"}),
        json!({"": {"a/b": "~"}}),
        json!(long),
        deep,
    ]
}

/// Always the same numbers.
struct Picks(u64);

impl Picks {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }

    fn row(&mut self, values: &[Value]) -> Map<String, Value> {
        let mut row = Map::new();
        // Some have a value that is taken already, and some none.
        if self.below(10) > 0 {
            row.insert("id".to_owned(), json!(format!("id {}", self.below(20_000))));
        }
        for column in COLUMNS {
            match self.below(16) {
                0..=2 => drop(row.insert(column.to_owned(), values[self.below(values.len())].clone())),
                3 => drop(row.insert(format!("{column}s"), json!(1))),
                _ => {}
            }
        }
        row
    }
}

async fn table(client: &Client) -> Value {
    let mut columns = vec![json!({"name": "id", "type": "text", "required": true, "unique": true})];
    columns.extend(COLUMNS.map(|kind| json!({"name": kind, "type": kind})));
    columns[7]["choices"] = json!(["new", "won"]);
    client.post("/v1/tables", &json!({"name": "hostile", "columns": columns})).await.expect(201)
}

fn is_of_type(column: &str, value: &Value) -> bool {
    match column {
        "id" | "text" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64(),
        "boolean" => value.is_boolean(),
        "time" => value.as_str().is_some_and(|text| text.ends_with('Z')),
        "choice" => value == "new" || value == "won",
        _ => true,
    }
}

#[tokio::test]
async fn ten_thousand_hostile_rows_each_have_an_end() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    table(&client).await;
    let (values, mut picks) = (values(), Picks(42));
    let (mut created, mut refused) = (0, 0);
    for request in 0..100 {
        let rows: Vec<_> = (0..ROWS).map(|_| picks.row(&values)).collect();
        let told = client.post("/v1/tables/hostile/rows", &json!({"rows": rows})).await.expect(200);
        let number = |name: &str| told[name].as_u64().unwrap() as usize;
        assert_eq!(number("created") + number("refused"), ROWS, "{request}: {told}");
        let refusals = told["refusals"].as_array().unwrap();
        assert_eq!(refusals.len(), number("refused"), "{told}");
        for refusal in refusals {
            let given = &rows[refusal["row"].as_u64().unwrap() as usize];
            for error in refusal["errors"].as_array().unwrap() {
                let column = error["column"].as_str().unwrap();
                assert!(!error["detail"].as_str().unwrap().is_empty(), "{refusal}");
                assert!(
                    column.is_empty() || column == "id" || given.contains_key(column),
                    "{refusal} of {given:?}"
                );
            }
        }
        created += number("created");
        refused += number("refused");
    }
    assert!(created > 1000 && refused > 1000 && created + refused == 10_000, "{created} and {refused}");
    let there = client.all("/v1/tables/hostile/rows?limit=500").await;
    assert_eq!(there.len(), created);
    for row in &there {
        for (column, value) in row["values"].as_object().unwrap() {
            assert!(is_of_type(column, value), "{column} of {row}");
        }
    }
    // What is exported is taken again, as what is there.
    let csv = client.get("/v1/tables/hostile/rows.csv").await.text;
    assert!(csv.lines().count() > created);
}

#[tokio::test]
async fn what_webhooks_bring_is_a_row_or_a_delivery_that_says_why_not() {
    const EVENTS: usize = 400;
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let made = table(&client).await;
    let key = made["source"]["key"]["secret"].as_str().unwrap().to_owned();
    let url = made["source"]["url"].as_str().unwrap().to_owned();
    let (values, mut picks) = (values(), Picks(7));
    for _ in 0..EVENTS {
        client.with_key(&key).post(&url, &json!(picks.row(&values))).await.expect(202);
    }
    let ended = eventually_within(Duration::from_secs(60), "all have ended", || async {
        let mut all = Vec::new();
        for state in ["delivered", "failed", "failed_by_gateway"] {
            all.extend(client.all(&format!("/v1/deliveries?state={state}&limit=500")).await);
        }
        (all.len() == EVENTS).then_some(all)
    })
    .await;
    let delivered = ended.iter().filter(|delivery| delivery["state"] == "delivered").count();
    assert_eq!(client.all("/v1/tables/hostile/rows?limit=500").await.len(), delivered);
    assert!(delivered > 20 && delivered < EVENTS, "{delivered}");
    for delivery in ended.iter().filter(|delivery| delivery["state"] != "delivered").take(50) {
        let path = format!("/v1/deliveries/{}/attempts", delivery["id"].as_str().unwrap());
        let error = client.all(&path).await[0]["error"].clone();
        assert_eq!(error["code"], "row_refused", "{delivery}");
        assert!(!error["detail"].as_str().unwrap().is_empty(), "{error}");
    }
}

//! Tables: what comes in becomes rows, rows that change become events, and nothing is lost without a reason.

use std::collections::HashMap;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::all_delivered;
use hookmill_tests::eventually;
use serde_json::Value;
use serde_json::json;

/// Where a table's rows come in.
struct Door {
    path: String,
    key: String,
}

fn door(table: &Value) -> Door {
    let source = &table["source"];
    let path = source["url"].as_str().unwrap().split_once("/in/").unwrap().1;
    Door { path: format!("/in/{path}"), key: source["key"]["secret"].as_str().unwrap().to_owned() }
}

impl Door {
    async fn post(&self, client: &Client, body: &Value) -> Value {
        client.with_key(&self.key).post(&self.path, body).await.expect(202)
    }
}

fn leads() -> Value {
    json!({
        "name": "leads", "key": ["email"],
        "columns": [
            {"name": "email", "type": "text", "required": true},
            {"name": "score", "type": "integer"},
            {"name": "stage", "type": "choice", "choices": ["new", "won"], "default": "new"},
        ],
        "mapping": {"version": 1, "output": {"email": "$.mail", "score": "$.score"}},
    })
}

async fn rows(client: &Client, query: &str) -> Vec<Value> {
    client.all(&format!("/v1/tables/leads/rows{query}")).await
}

/// What connections are told of changes.
async fn connect(client: &Client, sink: &Sink, table: &str) {
    client.post("/v1/destinations", &json!({"name": "crm", "url": sink.url("/crm")})).await.expect(201);
    let connection = json!({"name": "out", "source": format!("table:{table}"), "event_types": ["row.*"],
        "destination": "crm"});
    let made = client.post("/v1/connections", &connection).await.expect(201);
    assert_eq!(made["source"], format!("table:{table}"), "{made}");
}

#[tokio::test]
async fn from_a_request_to_a_row_and_on() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let table = client.post("/v1/tables", &leads()).await.expect(201);
    assert_eq!((&table["rows"], &table["changes"]), (&json!(0), &json!("table:leads")), "{table}");
    connect(&client, &sink, "leads").await;
    let door = door(&table);
    door.post(&client, &json!({"mail": "a@x", "score": "2"})).await;
    sink.wait_for("/crm", 1).await;
    let update = door.post(&client, &json!({"mail": "a@x", "score": 3})).await;
    sink.wait_for("/crm", 2).await;
    // As it is already: nobody is told.
    door.post(&client, &json!({"mail": "a@x", "score": 3})).await;
    all_delivered(&client, 5).await;
    let list = rows(&client, "").await;
    assert_eq!(list.len(), 1);
    assert_eq!(list[0]["values"], json!({"email": "a@x", "score": 3, "stage": "new"}));
    let row = format!("/v1/tables/leads/rows/{}", list[0]["id"].as_str().unwrap());
    let changed = client.patch(&row, &json!({"values": {"stage": "won", "score": null}})).await.expect(200);
    assert_eq!((&changed["change"], &changed["values"]["stage"]), (&json!("updated"), &json!("won")));
    client.delete(&row).await.expect(204);
    client.get(&row).await.problem(404);
    let told: Vec<Value> = sink.wait_for("/crm", 4).await.iter().map(|hit| hit.json()).collect();
    let types: Vec<&Value> = told.iter().map(|body| &body["type"]).collect();
    assert_eq!(types, ["row.created", "row.updated", "row.updated", "row.deleted"]);
    assert_eq!((&told[0]["before"], &told[0]["row"]["values"]["score"]), (&Value::Null, &json!(2)));
    assert_eq!(told[1]["before"]["values"]["score"], 2);
    assert_eq!((&told[3]["row"], &told[3]["before"]["values"]["stage"]), (&Value::Null, &json!("won")));
    assert_eq!(told[0]["table"], json!({"id": table["id"], "name": "leads"}));
    let table = client.get("/v1/tables/leads").await.expect(200);
    assert_eq!(
        (&table["rows"], &table["bytes"], &table["source"]["stats"]["received"]),
        (&json!(0), &json!(0), &json!(3))
    );
    // The trace of a change says which delivery made it.
    let events = client.all("/v1/events?source=table:leads").await;
    assert_eq!((events.len(), &events[2]["source"]), (4, &json!("table:leads")), "{events:?}");
    let trace =
        client.get(&format!("/v1/events/{}/trace", events[2]["id"].as_str().unwrap())).await.expect(200);
    let delivery = client.all(&format!("/v1/deliveries?event={}", update["id"].as_str().unwrap())).await;
    let reason = trace["entries"][0]["reason"].as_str().unwrap();
    assert!(reason.contains(delivery[0]["id"].as_str().unwrap()) && reason.contains("leads"), "{reason}");
}

#[tokio::test]
async fn a_row_that_is_refused_says_which_column_and_is_not_lost() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let table = client.post("/v1/tables", &leads()).await.expect(201);
    let door = door(&table);
    let accepted = door.post(&client, &json!({"mail": "a@x", "score": "\u{1b}[31mmany"})).await;
    let path = format!("/v1/deliveries?event={}", accepted["id"].as_str().unwrap());
    let failed = eventually("it is refused", || async {
        client.all(&path).await.into_iter().find(|delivery| delivery["state"] == "failed")
    })
    .await;
    let one = format!("/v1/deliveries/{}", failed["id"].as_str().unwrap());
    let attempts = client.get(&format!("{one}/attempts")).await.expect(200);
    let error = &attempts["items"][0]["error"];
    assert_eq!(error["code"], "row_refused", "{attempts}");
    let detail = error["detail"].as_str().unwrap();
    assert!(
        detail.contains("`score`") && detail.contains("many") && !detail.contains('\u{1b}'),
        "{detail:?}"
    );
    assert_eq!(client.all("/v1/deliveries?error=row_refused").await.len(), 1);
    // The column takes it once it is of another type; while the table is empty, that can be.
    let columns = json!([
        {"name": "email", "type": "text", "required": true},
        {"name": "score", "type": "text"},
        {"name": "stage", "type": "text"},
    ]);
    client.patch("/v1/tables/leads", &json!({"columns": columns})).await.expect(200);
    client.act(&format!("{one}/retry")).await.expect(200);
    eventually("it is a row", || async { (rows(&client, "").await.len() == 1).then_some(()) }).await;
    let refused = client.patch("/v1/tables/leads", &json!({"columns": leads()["columns"]})).await;
    refused.problem(422);
    assert_eq!(refused.pointers(), ["/columns/1/type", "/columns/2/type"], "{refused:?}");
    let fewer = json!({"columns": [{"name": "email", "type": "text", "required": true}, {"name": "new", "type": "json"}]});
    let refused = client.patch("/v1/tables/leads", &fewer).await;
    refused.problem(422);
    // Two columns that rows have, and the connection that fills one of them.
    assert_eq!(refused.pointers(), ["/columns"; 3], "{refused:?}");
    assert!(refused.text.contains("the connection `leads` would not fill it"), "{refused:?}");
}

#[tokio::test]
async fn a_mapping_is_checked_as_it_is_edited() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let mut wrong = leads();
    wrong["mapping"]["output"] = json!({"emial": "$.mail", "score": "many"});
    let refused = client.post("/v1/tables", &wrong).await;
    refused.problem(422);
    assert_eq!(
        refused.pointers(),
        ["/mapping/output/email", "/mapping/output/emial", "/mapping/output/score"],
        "{refused:?}"
    );
    assert!(refused.text.contains("is `email` meant?"), "{refused:?}");
    client.post("/v1/tables", &leads()).await.expect(201);
    let steps = json!({"steps": [{"mapping": {"version": 1, "output": {"score": "$.score"}}}]});
    let refused = client.patch("/v1/connections/leads", &steps).await;
    refused.problem(422);
    assert_eq!(refused.pointers(), ["/steps/0/mapping/output/email"], "{refused:?}");
    let refused = client.post("/v1/tables", &leads()).await;
    refused.problem(422);
    let bad = json!({"name": "published ", "columns": [
        {"name": "a", "type": "choice"}, {"name": "a", "type": "text", "choices": ["x"]},
        {"name": "$b", "type": "json", "unique": true}, {"name": "c", "type": "integer", "default": "x"}], "key": ["none"]});
    let refused = client.post("/v1/tables", &bad).await;
    refused.problem(422);
    let expected = [
        "/columns/0/choices",
        "/columns/1/choices",
        "/columns/1/name",
        "/columns/2/name",
        "/columns/2/unique",
        "/columns/3/default",
        "/key/0",
        "/name",
    ];
    let mut found = refused.pointers();
    found.sort_unstable();
    assert_eq!(found, expected, "{refused:?}");
}

#[tokio::test]
async fn rows_are_found_sorted_and_brought_in_and_out_as_text() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    client.post("/v1/tables", &leads()).await.expect(201);
    let given: Vec<Value> =
        (0..1000).map(|at| json!({"email": format!("{at}@x"), "score": at % 100 - 50})).collect();
    let done = client.post("/v1/tables/leads/rows", &json!({"rows": given})).await.expect(200);
    assert_eq!((&done["created"], &done["refused"]), (&json!(1000), &json!(0)), "{done}");
    let mixed = json!({"rows": [{"email": "0@x", "score": 7}, {"email": "1@x", "score": -49}, {"score": 1}, {"email": "n@x"}]});
    let done = client.post("/v1/tables/leads/rows", &mixed).await.expect(200);
    let counts = ["created", "updated", "unchanged", "refused"].map(|name| done[name].as_u64().unwrap());
    assert_eq!(counts, [1, 1, 1, 1], "{done}");
    assert_eq!(
        (&done["refusals"][0]["row"], &done["refusals"][0]["errors"][0]["column"]),
        (&json!(2), &json!("email"))
    );
    let scores = |list: &[Value]| list.iter().map(|row| row["values"]["score"].as_i64()).collect::<Vec<_>>();
    let sorted = rows(&client, "?sort=score&limit=300").await;
    assert_eq!(sorted.len(), 1001);
    assert!(scores(&sorted).is_sorted() && scores(&sorted)[0].is_none());
    let back = rows(&client, "?sort=-score&limit=499").await;
    assert!(scores(&back).iter().rev().is_sorted() && back.len() == 1001);
    let some = rows(&client, "?where={\"path\":\"$.score\",\"eq\":7}&limit=3").await;
    assert_eq!(some.len(), 11);
    let few = rows(&client, "?where={\"all\":[{\"path\":\"$.score\",\"gte\":48},{\"path\":\"$.email\",\"contains\":\"9\"}]}&sort=email").await;
    assert!(few.len() > 5 && few.iter().all(|row| row["values"]["score"].as_i64() >= Some(48)), "{few:?}");
    for (query, pointer) in
        [("sort=scroe", "?sort"), ("where={", "?where"), ("cursor=!", "?cursor"), ("limit=0", "?limit")]
    {
        let refused = client.get(&format!("/v1/tables/leads/rows?{query}")).await;
        refused.problem(400);
        assert_eq!(refused.pointers(), [pointer], "{refused:?}");
    }
    // Out, and into another table, and out again.
    let text = client.get("/v1/tables/leads/rows.csv").await;
    assert_eq!((text.status, text.text.lines().count()), (200, 1002));
    let mut other = leads();
    other["name"] = json!("copy");
    client.post("/v1/tables", &other).await.expect(201);
    let send = |body: Vec<u8>| {
        let client = client.clone();
        async move { client.send("POST", "/v1/tables/copy/rows.csv", &[("content-type", "text/csv")], body).await }
    };
    let done = send(text.text.clone().into_bytes()).await.expect(200);
    assert_eq!(done["created"], 1001, "{done}");
    let again = client.get("/v1/tables/copy/rows.csv").await.text;
    let mut both = [text.text.lines().collect::<Vec<_>>(), again.lines().collect()];
    both.iter_mut().for_each(|lines| lines.sort_unstable());
    assert_eq!(both[0], both[1]);
    let done = send("email,score\n\"q\"\"u,o\nte@x\",1\nbad@x,many\n,3\nok@x,\n".into()).await.expect(200);
    assert_eq!(
        (&done["created"], &done["refused"], &done["refusals"][0]["row"]),
        (&json!(2), &json!(2), &json!(1)),
        "{done}"
    );
    // More lines that are refused than are read at a time lose none behind them.
    let many = format!("email,score\n{}last@x,1\n", "a@x,1,too much\n".repeat(1200));
    let done = send(many.into_bytes()).await.expect(200);
    assert_eq!((&done["created"], &done["refused"]), (&json!(1), &json!(1200)), "{done}");
    let refused = send("emial,score\na@x,1\n".into()).await;
    refused.problem(422);
    assert!(refused.text.contains("emial"), "{refused:?}");
    let refused = send("email,email\na@x,b@x\n".into()).await;
    refused.problem(422);
    assert!(refused.text.contains("twice"), "{refused:?}");
    let done = send(b"email,score\n\xff\xfe@x,1\n\0\x1b[2J@x,2\n".to_vec()).await.expect(200);
    assert_eq!((&done["created"], &done["refused"]), (&json!(1), &json!(1)), "{done}");
    // What is there twice is refused where a column has no doubles.
    let table = json!({"name": "codes", "columns": [{"name": "code", "type": "text", "unique": true}]});
    client.post("/v1/tables", &table).await.expect(201);
    let code = json!({"values": {"code": "x"}});
    client.post("/v1/tables/codes/rows", &code).await.expect(201);
    let refused = client.post("/v1/tables/codes/rows", &code).await;
    refused.problem(422);
    assert_eq!(refused.pointers(), ["/values/code"], "{refused:?}");
}

#[tokio::test]
async fn a_loop_of_changes_ends_and_says_so() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let table = json!({"name": "log", "columns": [{"name": "of", "type": "text"}],
        "mapping": {"version": 1, "output": {"of": "$.of"}}});
    let table = client.post("/v1/tables", &table).await.expect(201);
    let round = json!({"name": "round", "source": "table:log", "destination": "log",
        "steps": [{"mapping": {"version": 1, "output": {"of": "$.row.id"}}}]});
    client.post("/v1/connections", &round).await.expect(201);
    door(&table).post(&client, &json!({"of": "the first"})).await;
    let failed =
        eventually("it ends", || async { client.all("/v1/deliveries?state=failed").await.pop() }).await;
    let attempts =
        client.get(&format!("/v1/deliveries/{}/attempts", failed["id"].as_str().unwrap())).await.expect(200);
    assert!(attempts["items"][0]["error"]["detail"].as_str().unwrap().contains("loop"), "{attempts}");
    hookmill_tests::settled(&client).await;
    assert_eq!(client.all("/v1/tables/log/rows").await.len(), 8);
}

#[tokio::test]
async fn a_table_goes_with_what_fills_it_and_not_while_others_listen() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    client.post("/v1/tables", &leads()).await.expect(201);
    client.post("/v1/tables/leads/rows", &json!({"values": {"email": "a@x"}})).await.expect(201);
    connect(&client, &sink, "leads").await;
    let refused = client.delete("/v1/tables/leads").await;
    refused.problem(409);
    assert!(refused.text.contains("`out`"), "{refused:?}");
    client.delete("/v1/connections/out").await.expect(204);
    client.delete("/v1/tables/leads").await.expect(204);
    assert_eq!(client.get("/v1/connections/leads").await.status, 404);
    assert_eq!(client.get("/v1/destinations/leads").await.status, 404);
    client.delete("/v1/sources/leads").await.expect(204);
    // The same name again has nothing of before.
    client.post("/v1/tables", &leads()).await.expect(201);
    assert_eq!(rows(&client, "").await.len(), 0);
}

#[tokio::test]
async fn tables_are_documents_too() {
    let (gateway, other) = (Gateway::start().await, Gateway::start().await);
    let (client, there) = (gateway.client(), other.client());
    client.post("/v1/tables", &leads()).await.expect(201);
    let documents = client.get("/v1/config/documents").await.expect(200);
    let plan = there.post("/v1/config/plans", &documents).await.expect(201);
    there.act(&format!("/v1/config/plans/{}/apply", plan["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(there.get("/v1/config/documents").await.expect(200), documents);
    let plan = there.post("/v1/config/plans", &documents).await.expect(201);
    assert_eq!(plan["changes"], json!([]), "{plan}");
    there.post("/v1/tables/leads/rows", &json!({"values": {"email": "a@x"}})).await.expect(201);
    let mut changed = documents.clone();
    changed["documents"][0]["columns"][1]["type"] = json!("text");
    let refused = there.post("/v1/config/plans", &changed).await;
    refused.problem(422);
    assert_eq!(refused.pointers(), ["/documents/0/columns/1/type"], "{refused:?}");
}

/// Kills while rows are written: each that was acknowledged is there, and its change comes out, exactly as it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_and_no_change_is_lost_in_kills() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let mut plain = leads();
    plain["mapping"]["output"] = json!({"email": "$.mail", "score": "$.score"});
    let table = client.post("/v1/tables", &plain).await.expect(201);
    connect(&client, &sink, "leads").await;
    let door = door(&table);
    let mut acknowledged = Vec::new();
    for kill in 0..6 {
        let client = gateway.client();
        let fresh = client.fresh();
        for at in 0..40 {
            let mail = format!("{kill}-{at}@x");
            let body = json!({"mail": mail, "score": at});
            let answer = fresh.with_key(&door.key).post(&door.path, &body).await;
            if answer.status == 202 {
                acknowledged.push(mail);
            }
        }
        gateway.kill().await;
        gateway.restart().await;
    }
    let client = gateway.client().fresh();
    let all_are_there = |hits: &[hookmill_tests::sink::Hit]| {
        let told: std::collections::HashSet<String> = hits
            .iter()
            .map(|hit| hit.json()["row"]["values"]["email"].as_str().unwrap().to_owned())
            .collect();
        acknowledged.iter().all(|mail| told.contains(mail))
    };
    let hits = sink.wait_until("every change comes out", all_are_there).await;
    hookmill_tests::settled(&client).await;
    let list = rows(&client, "?limit=500").await;
    assert_eq!(list.len(), acknowledged.len());
    assert_eq!(client.get("/v1/tables/leads").await.expect(200)["rows"], json!(list.len()));
    // One change, one event: what comes twice is a delivery that was sent twice.
    let mut ids: HashMap<String, String> = HashMap::new();
    for hit in &hits {
        let body = hit.json();
        assert_eq!((&body["type"], &body["before"]), (&json!("row.created"), &Value::Null), "{body}");
        let row = body["row"]["id"].as_str().unwrap().to_owned();
        let id = hit.header("webhook-id").to_owned();
        assert_eq!(ids.entry(row).or_insert_with(|| id.clone()), &id, "two events for one change");
    }
    assert_eq!(ids.len(), acknowledged.len());
}

//! Configuration in files: what is exported is applied elsewhere, a plan is refused when things changed meanwhile, and a
//! kill leaves all of it or nothing.

use std::path::Path;

use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::size::sized;
use serde_json::Value;
use serde_json::json;

struct Said {
    status: i32,
    out: String,
    err: String,
}

async fn say(gateway: &Gateway, args: &[&str], file: Option<&Path>) -> Said {
    let mut command = hookmill();
    command.args(args).args(["--url", &gateway.url(), "--key", ADMIN_KEY]).env("CRM_TOKEN", "crm-token-1");
    if let Some(file) = file {
        command.arg("-f").arg(file);
    }
    let output = command.output().await.expect("the binary starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Said { status: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

impl Said {
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.status, 0, "{}\n{}", self.out, self.err);
        self.out
    }
}

fn pipeline(url: &str) -> String {
    format!(
        r#"# What leads come from, and where they go.
resource: source
name: forms
event_type: {{path: $.kind}}
---
resource: connection
name: leads
source: forms
destination: crm
steps:
  - filter: {{path: $.score, gt: 500}}
  - mapping:
      version: 1
      output: {{mail: $.email, "no": "no"}}
---
resource: destination
name: crm
url: {url}
auth: {{bearer: {{$env: CRM_TOKEN}}}}
signing: {{profile: standard_webhooks}}
"#
    )
}

#[tokio::test]
async fn a_file_becomes_a_pipeline_that_delivers() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("leads.yaml");
    std::fs::write(&file, pipeline(&sink.url("/crm"))).unwrap();

    let differs = say(&gateway, &["diff", "--exit-code"], Some(&file)).await;
    assert_eq!(differs.status, 1, "{}", differs.err);
    for line in
        ["+ make the source `forms`", "+ make the destination `crm`  (goes out)", "3 to make, 0 to change"]
    {
        assert!(differs.out.contains(line), "{line}: {}", differs.out);
    }
    let unasked = say(&gateway, &["apply"], Some(&file)).await;
    assert!(unasked.status == 1 && unasked.err.contains("--yes"), "{}", unasked.err);
    let done: Value =
        serde_json::from_str(&say(&gateway, &["apply", "--yes", "--json"], Some(&file)).await.ok()).unwrap();
    let source = &done["documents"][0];
    assert_eq!((&source["name"], done["documents"].as_array().unwrap().len()), (&json!("forms"), 3));

    let client = gateway.client();
    let path = source["url"].as_str().unwrap().split_once("/in/").unwrap().1;
    let key = source["key"]["secret"].as_str().unwrap();
    for (mail, score) in [("a@example.com", 501), ("b@example.com", 500)] {
        let body = json!({"kind": "lead", "email": mail, "score": score});
        client.with_key(key).post(&format!("/in/{path}"), &body).await.expect(202);
    }
    let hits = sink.wait_for("/crm", 1).await;
    assert_eq!(hits[0].json(), json!({"mail": "a@example.com", "no": "no"}));
    assert_eq!(hits[0].header("authorization"), "Bearer crm-token-1");

    assert_eq!(say(&gateway, &["diff", "--exit-code"], Some(&file)).await.ok(), "no changes\n");
    assert_eq!(say(&gateway, &["apply"], Some(&file)).await.ok(), "no changes\n", "nothing to ask");
    // A set, of which a file is taken away again.
    let more = folder.path().join("more.yaml");
    std::fs::write(&more, "resource: destination\nname: box\nkind: inbox\n").unwrap();
    let set = ["apply", "--yes", "--set", "leads", "--prune"];
    let said = say(&gateway, &set, Some(folder.path())).await.ok();
    assert!(said.contains("1 to make, 0 to change, 3 as wanted"), "{said}");
    std::fs::remove_file(&more).unwrap();
    let seen = say(&gateway, &["diff", "--set", "leads", "--prune"], Some(folder.path())).await.ok();
    assert!(seen.contains("- delete the destination `box`"), "{seen}");
    say(&gateway, &set, Some(folder.path())).await.ok();
    let left: Vec<Value> = client.all("/v1/destinations").await;
    assert_eq!(left.iter().map(|one| &one["name"]).collect::<Vec<_>>(), ["crm"]);
    client.patch("/v1/destinations/crm", &json!({"concurrency": 3})).await.expect(200);
    let drift = say(&gateway, &["diff"], Some(&file)).await.ok();
    assert!(
        drift.contains("~ change concurrency of the destination `crm`\n    /concurrency: 3 -> 8\n"),
        "{drift}"
    );
    assert!(!drift.contains("crm-token-1"), "{drift}");
}

#[tokio::test]
async fn what_is_exported_is_the_same_in_an_empty_gateway() {
    let (first, second, sink) = (Gateway::start().await, Gateway::start().await, Sink::start().await);
    let folder = tempfile::tempdir().unwrap();
    let (file, exported) = (folder.path().join("leads.yaml"), folder.path().join("all.yaml"));
    std::fs::write(&file, pipeline(&sink.url("/crm"))).unwrap();
    say(&first, &["apply", "--yes"], Some(&file)).await.ok();
    let masked = say(&first, &["export"], None).await.ok();
    assert!(!masked.contains("crm-token-1") && masked.contains("$keep"), "{masked}");
    std::fs::write(&exported, &masked).unwrap();
    assert_eq!(say(&first, &["diff", "--exit-code"], Some(&exported)).await.ok(), "no changes\n");
    let refused = say(&second, &["apply", "--yes"], Some(&exported)).await;
    assert!(
        refused.err.contains("all.yaml, document 2 /auth/bearer: there is no secret here to keep"),
        "{}",
        refused.err
    );
    let plain = say(&first, &["export", "--plain-secrets"], None).await.ok();
    std::fs::write(&exported, &plain).unwrap();
    // A folder of files is read as one.
    std::fs::remove_file(&file).unwrap();
    say(&second, &["apply", "--yes"], Some(folder.path())).await.ok();
    assert_eq!(say(&second, &["export", "--plain-secrets"], None).await.ok(), plain);
    assert_eq!(say(&second, &["diff", "--exit-code"], Some(folder.path())).await.ok(), "no changes\n");
}

#[tokio::test]
async fn of_two_that_apply_at_once_one_is_told() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let documents = json!([{"resource": "destination", "name": "d", "url": sink.url("/d")}]);
    let mut plans = Vec::new();
    for _ in 0..2 {
        let plan = client.post("/v1/config/plans", &json!({"documents": documents})).await.expect(201);
        plans.push(format!("/v1/config/plans/{}/apply", plan["id"].as_str().unwrap()));
    }
    let (one, other) = tokio::join!(client.act(&plans[0]), client.act(&plans[1]));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{one:?} {other:?}");
    let told = if one.status == 409 { one } else { other };
    assert_eq!(told.problem(409), "plan-stale");
    assert_eq!(client.all("/v1/destinations").await.len(), 1);
}

#[tokio::test]
async fn every_fault_says_in_which_file_it_is() {
    let gateway = Gateway::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    let refused = |text: &'static str| {
        std::fs::write(&file, text).unwrap();
        say(&gateway, &["diff", "--exit-code"], Some(&file))
    };
    let said = refused("resource: source\nname: s\nmethod: [POST]\n---\nresource: destinaton\n").await;
    assert_eq!(said.status, 2);
    assert!(said.err.contains("a.yaml, document 2 /resource: expected any of source, destination, connection, table, event_type, plugin, secret, workspace; did you mean `destination`?"), "{}", said.err);
    let said = refused("resource: source\nname: s\nmethod: [POST]\n").await;
    assert!(
        said.err.contains("a.yaml, document 1 /method: ") && said.err.contains("did you mean `methods`"),
        "{}",
        said.err
    );
    let said = refused("resource: [source\n").await;
    assert!(said.status == 2 && said.err.contains("a.yaml is not YAML or JSON"), "{}", said.err);
    let said =
        refused("resource: source\nname: s\nbasic: {username: u, password: {$env: NO_SUCH_VARIABLE}}\n")
            .await;
    assert!(said.err.contains("a.yaml, document 1") && said.err.contains("NO_SUCH_VARIABLE"), "{}", said.err);
    assert!(gateway.client().all("/v1/sources").await.is_empty());
}

/// A set of documents that belong together, in one of two forms.
fn set(round: usize) -> Value {
    let name = |kind: &str, at: usize| format!("{kind}{at}");
    let mut documents = Vec::new();
    for at in 0..20 {
        documents.push(json!({"resource": "source", "name": name("s", at), "methods": if round.is_multiple_of(2) { ["POST"] } else { ["PUT"] }}));
        documents.push(json!({"resource": "destination", "name": name("d", at), "kind": "inbox", "concurrency": round + 1}));
        documents.push(json!({"resource": "connection", "name": name("c", at), "source": name("s", at), "destination": name("d", at),
            "event_types": [format!("round.{round}")]}));
    }
    documents.into()
}

/// Kills the gateway while a set is applied; afterwards it is the old one or the new one.
async fn kills(rounds: usize) {
    let mut gateway = Gateway::start().await;
    for round in 0..rounds {
        let client = gateway.client();
        let plan = client.post("/v1/config/plans", &json!({"documents": set(round)})).await.expect(201);
        let path = format!("/v1/config/plans/{}/apply", plan["id"].as_str().unwrap());
        let applying = tokio::spawn(async move { client.try_send("POST", &path, &[], Vec::new()).await });
        tokio::time::sleep(std::time::Duration::from_millis(2 * (round as u64 % 12))).await;
        gateway.kill().await;
        let answered = applying.await.unwrap().is_ok_and(|reply| reply.status == 200);
        gateway.restart().await;
        let client = eventually("it answers", || async { Some(gateway.client()) }).await;
        let there = client.get("/v1/config/documents").await.expect(200);
        let wanted = |at: usize| json!({"documents": set(at)});
        let differs = |plan: &Value| plan["changes"].as_array().unwrap().len();
        let new = differs(&client.post("/v1/config/plans", &wanted(round)).await.expect(201));
        assert!(new == 0 || new == 60, "round {round}: {new} of 60 differ: {there}");
        assert!(!answered || new == 0, "round {round}: it was answered, and is not there");
        if new > 0 && round > 0 {
            let old = differs(&client.post("/v1/config/plans", &wanted(round - 1)).await.expect(201));
            assert!(old == 0, "round {round}: neither the old set nor the new one");
        }
        // So that the next round begins with this one.
        let plan = client.post("/v1/config/plans", &wanted(round)).await.expect(201);
        client.act(&format!("/v1/config/plans/{}/apply", plan["id"].as_str().unwrap())).await.expect(200);
    }
}

#[tokio::test]
async fn a_kill_leaves_the_whole_set_or_none() {
    kills(sized(8, 50)).await;
}

/// By form, by a set that has it no more, and with what it belongs to.
#[tokio::test]
async fn what_is_protected_goes_by_no_door() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let kept = json!([
        {"resource": "source", "name": "s", "protect": true},
        {"resource": "destination", "name": "d", "kind": "inbox", "protect": true},
        {"resource": "connection", "name": "c", "source": "s", "destination": "d", "protect": true},
        {"resource": "connection", "name": "alerts", "source": "alerts", "destination": "d"},
    ]);
    let apply = async |body: Value| {
        let plan = client.post("/v1/config/plans", &body).await.expect(201);
        client.act(&format!("/v1/config/plans/{}/apply", plan["id"].as_str().unwrap())).await
    };
    apply(json!({"documents": kept, "set": "mine"})).await.expect(200);
    let columns = json!([{"name": "a", "type": "text"}]);
    client.post("/v1/tables", &json!({"name": "t", "columns": columns, "protect": true})).await.expect(201);
    for path in ["/v1/connections/c", "/v1/tables/t"] {
        let refused = client.delete(path).await;
        refused.problem(409);
        assert!(refused.text.contains("is protected"), "{refused:?}");
    }
    let fewer = json!([kept[0], kept[1], kept[3]]);
    let without = json!({"documents": fewer, "set": "mine", "prune": true});
    let pruned = client.post("/v1/config/plans", &without).await;
    pruned.problem(409);
    assert!(pruned.text.contains("the connection `c` is protected"), "{pruned:?}");
    // What belongs to a table is protected for itself.
    client.patch("/v1/tables/t", &json!({"protect": false})).await.expect(200);
    client.patch("/v1/sources/t", &json!({"protect": true})).await.expect(200);
    client.patch("/v1/connections/t", &json!({"protect": true})).await.expect(200);
    client.delete("/v1/tables/t").await.problem(409);
    client.patch("/v1/connections/t", &json!({"protect": false})).await.expect(200);
    client.delete("/v1/tables/t").await.expect(204);

    // It is written, and another gateway has it so, alerts and all.
    let written = client.get("/v1/config/documents").await.expect(200);
    let documents = written["documents"].as_array().unwrap();
    let named = |name: &str| documents.iter().find(|document| document["name"] == name).unwrap();
    assert_eq!((&named("c")["protect"], &named("alerts")["source"]), (&json!(true), &json!("alerts")));
    let other = Gateway::start().await;
    let there = other.client();
    let plan = there.post("/v1/config/plans", &json!({"documents": documents})).await.expect(201);
    there.act(&format!("/v1/config/plans/{}/apply", plan["id"].as_str().unwrap())).await.expect(200);
    let again = there.post("/v1/config/plans", &json!({"documents": documents})).await.expect(201);
    assert_eq!(again["changes"], json!([]), "{again}");
    there.delete("/v1/sources/s").await.problem(409);
    for path in ["/v1/connections/c", "/v1/destinations/d", "/v1/sources/s"] {
        client.patch(path, &json!({"protect": false})).await.expect(200);
    }
    client.delete("/v1/connections/c").await.expect(204);
}

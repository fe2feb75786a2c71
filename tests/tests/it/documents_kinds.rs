//! Workspaces and secrets as documents, secrets taken by name, old names, and an operator who acts for a tenant.

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::guests;
use serde_json::Value;
use serde_json::json;

async fn plan(client: &Client, documents: Value) -> Value {
    client.post("/v1/config/plans", &json!({"documents": documents})).await.expect(201)
}

async fn carry_out(client: &Client, plan: &Value) -> Value {
    client.act(&format!("/v1/config/plans/{}/apply", plan["id"].as_str().unwrap())).await.expect(200)
}

async fn apply(client: &Client, documents: Value) -> Value {
    carry_out(client, &plan(client, documents).await).await
}

/// Asks as the operator in a tenant's workspace.
async fn for_tenant(
    client: &Client,
    tenant: &str,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> (u16, Value) {
    let headers = [("content-type", "application/json"), ("hookmill-workspace", tenant)];
    let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
    let answer = client.send(method, path, &headers, body).await;
    (answer.status, serde_json::from_str(&answer.text).unwrap_or_default())
}

/// From nothing: the workspace by a plan, what is in it by another one, and an event that arrives in it alone.
#[tokio::test]
async fn an_operator_sets_a_tenant_up() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let operator = gateway.client();
    let documents =
        json!([{"resource": "workspace", "name": "acme", "tier": "pro", "limits": {"sources": 2}}]);
    let made = apply(&operator, documents.clone()).await;
    let key = made["documents"][0]["key"]["secret"].as_str().expect("a key, this once");
    let again = plan(&operator, documents).await;
    assert_eq!(again["changes"], json!([]), "{again}");
    let changed = plan(&operator, json!([{"resource": "workspace", "name": "acme", "tier": "team"}])).await;
    let fields = changed["changes"][0]["fields"].to_string();
    assert!(fields.contains("/tier") && fields.contains("/limits"), "{changed}");

    let pipeline = json!({"documents": [
        {"resource": "source", "name": "in", "require_key": false},
        {"resource": "destination", "name": "out", "url": sink.url("/acme")},
        {"resource": "connection", "name": "all", "source": "in", "destination": "out"},
    ]});
    let (status, planned) = for_tenant(&operator, "acme", "POST", "/v1/config/plans", Some(pipeline)).await;
    assert_eq!(status, 201, "{planned}");
    let path = format!("/v1/config/plans/{}/apply", planned["id"].as_str().unwrap());
    // The plan is the tenant's: in the operator's own workspace nobody knows it.
    operator.act(&path).await.problem(404);
    let (status, done) = for_tenant(&operator, "acme", "POST", &path, None).await;
    assert_eq!(status, 200, "{done}");
    let url = done["documents"][0]["url"].as_str().unwrap();
    let inward = &url[url.find("/in/").unwrap()..];
    operator.with_key("").post(inward, &json!({"n": 1})).await.expect(202);
    assert_eq!(sink.wait_for("/acme", 1).await[0].json(), json!({"n": 1}));
    assert!(operator.all("/v1/sources").await.is_empty(), "it is the tenant's alone");
    let tenant = operator.with_key(key);
    assert_eq!(tenant.all("/v1/sources").await.len(), 1);

    // A tenant acts for himself, and makes no workspaces.
    let (status, refused) = for_tenant(&tenant, "default", "GET", "/v1/sources", None).await;
    assert_eq!(status, 404, "{refused}");
    let (status, _) = for_tenant(&tenant, "acme", "GET", "/v1/sources", None).await;
    assert_eq!(status, 200);
    let documents = json!({"documents": [{"resource": "workspace", "name": "mine", "tier": "team"}]});
    let refused = tenant.post("/v1/config/plans", &documents).await;
    assert!(refused.status == 422 && refused.text.contains("/documents/0/resource"), "{refused:?}");
    tenant.get("/v1/config/documents?workspaces=true").await.problem(403);
    let written = operator.get("/v1/config/documents?workspaces=true").await.expect(200);
    let names: Vec<&Value> =
        written["documents"].as_array().unwrap().iter().map(|document| &document["name"]).collect();
    assert!(names.contains(&&json!("acme")), "{names:?}");
    // The command line says it by a flag.
    let mut command = hookmill();
    command.args(["export", "--json", "--workspace", "acme", "--url", &gateway.url(), "--key", ADMIN_KEY]);
    let output = command.output().await.unwrap();
    let documents: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(documents.as_array().unwrap().len(), 3, "{documents}");
    let strange = "no such\u{9b}thing";
    let output = hookmill()
        .args(["export", "--workspace", strange, "--url", &gateway.url(), "--key", ADMIN_KEY])
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
}

const VALUE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Its value goes in once, and is nowhere to be seen afterwards: not in a plan, an export, an answer or a file.
#[tokio::test]
async fn a_secret_is_a_document_whose_value_stays_inside() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let unknown = json!({"documents": [{"resource": "secret", "name": "shop", "value": {"$keep": true}}]});
    let refused = client.post("/v1/config/plans", &unknown).await;
    assert!(refused.status == 422 && refused.text.contains("hookmill secret set"), "{refused:?}");
    let short = json!({"documents": [{"resource": "secret", "name": "1 2", "value": "short"}]});
    let refused = client.post("/v1/config/plans", &short).await;
    assert_eq!(refused.pointers(), ["/documents/0/name"], "{refused:?}");

    let documents = json!([{"resource": "secret", "name": "shop", "value": VALUE}]);
    let planned = plan(&client, documents.clone()).await;
    assert!(!planned.to_string().contains(VALUE), "{planned}");
    for entry in walk(gateway.data()) {
        let bytes = std::fs::read(&entry).unwrap();
        let found = bytes.windows(VALUE.len()).any(|window| window == VALUE.as_bytes());
        assert!(!found, "the value stands in {}", entry.display());
    }
    carry_out(&client, &planned).await;
    let again = plan(&client, documents).await;
    assert_eq!(again["changes"], json!([]), "the same value is no change");
    let other =
        plan(&client, json!([{"resource": "secret", "name": "shop", "value": "another value"}])).await;
    let field = json!({"pointer": "/value", "before": "[secret]", "after": "[secret]"});
    assert_eq!(other["changes"][0]["fields"], json!([field]), "{other}");
    for query in ["", "?plain_secrets=true"] {
        let written = client.get(&format!("/v1/config/documents{query}")).await.expect(200);
        let kept = json!([{"resource": "secret", "name": "shop", "value": {"$keep": true}}]);
        assert_eq!(written["documents"], kept, "{query}");
        assert_eq!(plan(&client, kept).await["changes"], json!([]));
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}

/// Where it is held against what comes in, or signs; never where it would be sent.
#[tokio::test]
async fn a_secret_is_taken_by_its_name() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let source = json!({"resource": "source", "name": "shop", "require_key": false,
        "verification": {"preset": "github", "secret": {"$secret": "shop_signing"}}});
    let missing = client.post("/v1/config/plans", &json!({"documents": [source]})).await;
    assert_eq!(missing.pointers(), ["/documents/0/verification/secret"], "{missing:?}");
    assert!(missing.text.contains("hookmill secret set shop_signing"), "{missing:?}");
    let secret = json!({"value": "It's a Secret to Everybody"}).to_string().into_bytes();
    let json_type = [("content-type", "application/json")];
    client.send("PUT", "/v1/secrets/shop_signing", &json_type, secret).await.expect(201);
    let made = apply(&client, json!([source])).await;
    let url = made["documents"][0]["url"].as_str().unwrap();
    let inward = &url[url.find("/in/").unwrap()..];
    // The sample of GitHub's own documentation.
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let body = b"Hello, World!".to_vec();
    let signed = [("content-type", "text/plain"), ("x-hub-signature-256", signature)];
    let sender = client.with_key("");
    sender.send("POST", inward, &signed, body).await.expect(202);
    sender.send("POST", inward, &signed, b"Hello, World?".to_vec()).await.problem(401);
    assert_eq!(plan(&client, json!([source])).await["changes"], json!([]));

    let sent = json!([
        {"resource": "destination", "name": "a", "url": "https://example.com", "auth": {"bearer": {"$secret": "shop_signing"}}},
        {"resource": "destination", "name": "b", "url": "https://example.com", "headers": {"x-api-key": {"$secret": "shop_signing"}}},
    ]);
    let refused = client.post("/v1/config/plans", &json!({"documents": sent})).await;
    assert_eq!(
        refused.pointers(),
        ["/documents/0/auth/bearer", "/documents/1/headers/x-api-key"],
        "{refused:?}"
    );
    assert!(!refused.text.contains("Everybody"), "{refused:?}");
}

/// The command that is named sets it where it is needed, and a step may be granted what the same plan brings.
#[tokio::test]
async fn a_secret_of_a_tenant_is_set_where_it_is_needed() {
    let gateway = Gateway::start().await;
    let operator = gateway.client();
    operator.post("/v1/workspaces", &json!({"name": "acme"})).await.expect(201);
    let source = json!({"resource": "source", "name": "shop", "verification": {"preset": "stripe", "secret": {"$secret": "signing"}}});
    let wanted = Some(json!({"documents": [source]}));
    let (status, refused) = for_tenant(&operator, "acme", "POST", "/v1/config/plans", wanted.clone()).await;
    let told = refused["errors"][0]["detail"].as_str().unwrap();
    let (_, from) = told.split_once("`hookmill ").unwrap();
    let (command, _) = from.split_once('`').unwrap();
    assert_eq!(status, 422, "{refused}");
    let mut set = hookmill();
    set.args(command.split(' ')).args(["--from-env", "VALUE", "--url", &gateway.url(), "--key", ADMIN_KEY]);
    let output = set.env("VALUE", VALUE).output().await.unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    let (status, planned) = for_tenant(&operator, "acme", "POST", "/v1/config/plans", wanted).await;
    assert_eq!(status, 201, "{planned}");
    assert!(operator.all("/v1/secrets").await.is_empty(), "it is the tenant's");

    operator.upload("shaper", guests::plugin("split-batch")).await.expect(201);
    let step = json!({"name": "shaper", "config": {"items": "/items"}, "grants": [{"secrets": ["token"]}]});
    let documents = json!([
        {"resource": "connection", "name": "c", "source": "in", "destination": "out", "steps": [{"plugin": step}]},
        {"resource": "source", "name": "in"},
        {"resource": "destination", "name": "out", "kind": "inbox"},
        {"resource": "secret", "name": "token", "value": VALUE},
    ]);
    apply(&operator, documents).await;
}

/// What is there keeps its id, its URL, its key and its secrets.
#[tokio::test]
async fn a_new_name_is_no_new_thing() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let made = apply(
        &client,
        json!([
            {"resource": "source", "name": "old", "verification": {"preset": "github", "secret": "a secret of it"}},
            {"resource": "destination", "name": "d", "url": "https://example.com", "auth": {"bearer": "token-of-d"}},
            {"resource": "connection", "name": "c", "source": "old", "destination": "d"},
        ]),
    )
    .await;
    let renamed = json!([
        {"resource": "source", "name": "new", "was": "old", "verification": {"preset": "github", "secret": {"$keep": true}}},
        {"resource": "destination", "name": "e", "was": "d", "url": "https://example.com", "auth": {"bearer": {"$keep": true}}},
        {"resource": "connection", "name": "f", "was": "c", "source": "new", "destination": "e"},
    ]);
    let planned = plan(&client, renamed.clone()).await;
    let says: Vec<&str> = planned["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["says"].as_str().unwrap())
        .collect();
    assert_eq!(says[0], "change name of the source `new`");
    assert_eq!(
        planned["changes"][0]["fields"][0],
        json!({"pointer": "/name", "before": "old", "after": "new"})
    );
    let done = carry_out(&client, &planned).await;
    for at in 0..3 {
        assert_eq!(done["documents"][at]["id"], made["documents"][at]["id"], "{done}");
    }
    assert_eq!(client.all("/v1/sources").await.len(), 1);
    let plain = client.get("/v1/config/documents?plain_secrets=true").await.expect(200).to_string();
    assert!(plain.contains("a secret of it") && plain.contains("token-of-d"), "{plain}");
    // Once more, and where nothing ever had the old name, it is like any other document.
    assert_eq!(plan(&client, renamed).await["changes"], json!([]));
    let both = json!({"documents": [
        {"resource": "destination", "name": "g", "kind": "inbox"},
        {"resource": "destination", "name": "e", "was": "g", "url": "https://example.com"},
        {"resource": "secret", "name": "s", "was": "t", "value": "a new value"},
        {"resource": "source", "name": "x", "was": 7},
    ]});
    let refused = client.post("/v1/config/plans", &both).await;
    let pointers = refused.pointers();
    for pointer in ["/documents/1/was", "/documents/2/was", "/documents/3/was"] {
        assert!(pointers.contains(&pointer), "{pointer}: {pointers:?}");
    }
}

#[tokio::test]
async fn who_looks_sees_what_is_kept_in_files() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    client.post("/v1/sources", &json!({"name": "by hand"})).await.expect(201);
    let body = json!({"set": "payments", "documents": [
        {"resource": "source", "name": "in"},
        {"resource": "destination", "name": "box", "kind": "inbox"},
    ]});
    let planned = client.post("/v1/config/plans", &body).await.expect(201);
    carry_out(&client, &planned).await;
    let sets = client.all("/v1/config/sets").await;
    let expected = json!([{"name": "payments", "event_types": [], "tables": [], "sources": ["in"],
        "destinations": ["box"], "connections": []}]);
    assert_eq!(json!(sets), expected);
}

/// From a file next to the document: uploaded by `apply`, only looked at by `diff`; which version runs is said by number.
#[tokio::test]
async fn a_plugin_is_a_document() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("one.wasm"), guests::plugin("filter-leads")).unwrap();
    let file = folder.path().join("all.yaml");
    std::fs::write(&file, "{resource: plugin, name: shaper, file: one.wasm}\n").unwrap();
    let run = async |args: &[&str]| {
        let mut command = hookmill();
        command.args(args).arg("-f").arg(&file).args(["--url", &gateway.url(), "--key", ADMIN_KEY]);
        command.output().await.unwrap()
    };
    let differs = run(&["diff"]).await;
    let told = String::from_utf8_lossy(&differs.stderr).into_owned();
    assert!(!differs.status.success() && told.contains("plugin push"), "{told}");
    assert!(client.all("/v1/plugins").await.is_empty(), "a look uploads nothing");
    let applied = run(&["apply", "--yes"]).await;
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let one = client.get("/v1/plugins/shaper").await.expect(200)["active"].clone();

    let other = client.upload("shaper", guests::plugin("split-batch")).await.expect(201)["digest"].clone();
    assert_ne!(one, other);
    let documents = json!([
        {"resource": "plugin", "name": "shaper", "version": other, "limits": {"cpu_ms": 50}},
        {"resource": "source", "name": "in"},
        {"resource": "destination", "name": "out", "kind": "inbox"},
        {"resource": "connection", "name": "c", "source": "in", "destination": "out", "steps": [{"plugin": {"name": "shaper", "config": {"items": "/items"}}}]},
    ]);
    let planned = plan(&client, documents.clone()).await;
    let change = &planned["changes"][0];
    assert_eq!((&change["resource"], &change["risk"]), (&json!("plugin"), &json!("outward")), "{planned}");
    carry_out(&client, &planned).await;
    assert_eq!(client.get("/v1/plugins/shaper").await.expect(200)["active"], other);
    assert_eq!(plan(&client, documents.clone()).await["changes"], json!([]));
    let written = client.get("/v1/config/documents").await.expect(200);
    assert!(written["documents"].as_array().unwrap().contains(&documents[0]), "{written}");
    let unknown = json!({"documents": [
        {"resource": "plugin", "name": "nobody"},
        {"resource": "plugin", "name": "shaper", "version": format!("sha256:{}", "0".repeat(64)), "limits": {"cpu_ms": 999_999_999}},
    ]});
    let refused = client.post("/v1/config/plans", &unknown).await;
    let mut pointers = refused.pointers();
    pointers.sort_unstable();
    assert_eq!(
        pointers,
        ["/documents/0/name", "/documents/1/limits/cpu_ms", "/documents/1/version"],
        "{refused:?}"
    );
}

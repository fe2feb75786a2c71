//! A mapping over real GitHub webhooks becomes a plugin: it builds, its tests pass, time travel proves
//! that both agree; and that they do not after an edit.

use std::path::Path;
use std::process::Output;

use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::corpus;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::guests;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::sign;
use serde_json::Value;
use serde_json::json;

/// Something of everything.
fn mapping() -> Value {
    json!({
        "version": 1,
        "output": {
            "kind": {"$in_headers": "X-GitHub-Event"},
            "type": {"$in_event": "type"},
            "who": {"$template": "{{$.sender.login | uppercase}} did {{$.action}} in {{$.repository.full_name}} {{$.repository.owner}}"},
            "sender": "$.sender.login",
            "id": "$.repository.id",
            "last": "$.commits[-1].id",
            "plan": {"$path": "$.organization.plan", "$default": "free"},
            "left_out": {"$path": "$.organization.login", "$omit": true},
            "topics": "$.repository.topics",
            "logins": {"$path": "$..sender.login", "$apply": ["unique", "sort", {"join": "|"}]},
            "urls": "$..['url','html_url']",
            "size": {"$path": "$.repository.size", "$apply": [{"multiply": 1.024}, {"round": 2}, {"add": 1}]},
            "third": {"$path": "$.repository.id", "$apply": [{"divide": 3}]},
            "whole": {"$path": "$.repository.size", "$apply": [{"divide": 7}, "floor"], "$as": "integer"},
            "text": {"$path": "$.repository.id", "$as": "string"},
            "when": {"$path": "$.repository.updated_at", "$apply": [{"date": "unix_ms"}]},
            "day": {"$path": "$.repository.pushed_at", "$apply": [{"date": "%Y/%m/%d"}]},
            "local": {"$path": "$.repository.updated_at", "$apply": [{"date": {"to": "%H:%M %Q", "timezone": "America/New_York"}}]},
            "zoned": {"$path": "$.repository.updated_at", "$apply": [{"date": {"timezone": "Asia/Kolkata"}}]},
            "many": {"$if": {"path": "$.repository.id", "as": "number", "gt": 35129377}, "$then": 1, "$else": {"$if":
                {"path": "$.repository.node_id", "as": "number", "gte": 5}, "$then": 2, "$else": 3}},
            "since": {"$if": {"path": "$.repository.updated_at", "gt": "2019-05-15T15:20:00+01:00"}, "$then": true, "$else": false},
            "names": {"$path": "$..node_id", "$apply": ["sort", "last"]},
            "hash": {"$path": "$.sender.login", "$apply": ["sha256"]},
            "uuid": {"$path": "$.repository.html_url", "$apply": ["uuid5"]},
            "code": {"$path": "$.repository.name", "$apply": ["base64"]},
            "place": {"$path": "$.repository.full_name", "$apply": ["url_encode"]},
            "masked": {"$path": "$.sender.node_id", "$apply": [{"mask": 3}]},
            "slug": {"$path": "$.repository.full_name", "$apply": [{"split": "/"}, "last", "title", {"substring": [0, 5]}]},
            "clean": {"$path": "$.repository.url", "$apply": [{"replace": {"matching": "https?://[^/]+", "to": ""}}]},
            "raw": {"$path": "$.repository.owner", "$apply": "to_json"},
            "colour": {"$path": "$.action", "$apply": [{"lookup": {"opened": "green", "closed": {"is": "red"}}}]},
            "labels": {"$each": "$.issue.labels", "$value": {"name": "@.name", "of": "$.sender.login", "dark": {"$path": "@.color", "$apply": ["length"]}}},
            "bots": {"$each": "$..[?@.type == 'Bot']", "$value": "@.login"},
            "big": "$[?@.id > 1000000 && @.login].login",
            "state": {"$if": {"all": [{"path": "$.action", "in": ["opened", "created"]}, {"not": {"path": "$.sender.type", "eq": "Bot"}}]},
                "$then": {"new": true, "title": "$.issue.title"}, "$else": {"$if": {"path": "$.action", "matches": "ed$"}, "$then": "past", "$else": null}},
            "watched": {"$if": {"path": "$..stargazers_count", "gt": 0, "every": true}, "$then": "yes", "$else": "no"},
            "fixed": {"$literal": {"price": "$5.00", "exact": 1.10}}
        },
        "headers": {"X-Sender": "$.sender.login", "X-None": "$.nothing"},
        "event_type": {"$template": "github.{{in_headers.x-github-event}}"}
    })
}

async fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = hookmill();
    command.args(arguments).envs([guests::built()]).current_dir(folder);
    command.output().await.expect("the binary starts")
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn a_mapping_becomes_a_plugin_that_agrees_with_it() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let plan = Plan::new("github", &sink.url("/mapped"))
        .source("verification", json!({"preset": "github", "secret": "s3cret"}))
        .steps(json!([{"filter": {"path": "$.sender.login", "exists": true}}, {"mapping": mapping()}]));
    let pipeline = plan.make(&client).await;
    let mut passing = 0;
    for (number, webhook) in corpus::github().iter().enumerate() {
        let headers = sign::github("s3cret", &webhook.event, &format!("delivery-{number}"), &webhook.body);
        let stranger = client.with_key("");
        stranger
            .send("POST", &pipeline.path, &sign::borrowed(&headers), webhook.body.clone())
            .await
            .expect(202);
        let body: Value = serde_json::from_slice(&webhook.body).unwrap();
        passing += usize::from(body["sender"]["login"].is_string());
    }
    sink.wait_for("/mapped", passing).await;

    let folder = tempfile::tempdir().unwrap();
    let url = gateway.url();
    let to = ["--connection", "github", "--url", &url, "--key", ADMIN_KEY];
    let eject = [&["map", "eject", "--name", "my-mapping", "--prove"], &to[..]].concat();
    let (code, out, err) = said(&run(folder.path(), &eject).await);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(err.contains("proven: my-mapping and the mapping agree on all"), "{err}");
    let project = folder.path().join("my-mapping");
    let examples = std::fs::read_dir(project.join("examples")).unwrap().count();
    assert!(examples > 5, "{examples} examples: {err}");
    let (code, out, err) = said(&run(&project, &["plugin", "test"]).await);
    assert_eq!(code, Some(0), "{out}{err}");

    // Somebody edits it.
    let lib = project.join("src/lib.rs");
    let text = std::fs::read_to_string(&lib).unwrap();
    let edited =
        text.replace(r#".set("sender", &payload["sender"]["login"])"#, r#".set("sender", "nobody")"#);
    assert_ne!(edited, text, "{text}");
    std::fs::write(&lib, edited).unwrap();
    // Its own tests see that; without them time travel does.
    let prove = [&["map", "prove", "."], &to[..]].concat();
    let (code, out, err) = said(&run(&project, &prove).await);
    assert!(code == Some(2) && err.contains("/sender"), "{out}{err}");
    std::fs::remove_dir_all(project.join("examples")).unwrap();
    let (code, out, err) = said(&run(&project, &prove).await);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.contains("~$.sender "), "{out}");
}

#[tokio::test]
async fn what_a_plugin_cannot_do_is_refused_and_nothing_written() {
    let folder = tempfile::tempdir().unwrap();
    let mapping = r#"{"output": {"a": "$.x[?match(@.a, @.b)]", "b": {"$path": "$.l[*]", "$apply": ["first", "to_json"]}}, "method": "PUT"}"#;
    let (code, _, err) = said(&run(folder.path(), &["map", "eject", mapping, "--name", "no"]).await);
    assert_eq!(code, Some(1));
    for place in ["/output/a: ", "/output/b: ", "/method: "] {
        assert!(err.contains(place), "{place} is not in {err}");
    }
    assert!(!folder.path().join("no").exists());
    for (arguments, words) in [
        (&["map", "eject", r#"{"output": "$["}"#, "--name", "no"][..], "/output"),
        (&["map", "eject", r#"{"output": "$.a"}"#, "--name", "serde"], "take another"),
        (&["map", "eject", "--name", "no"], "required"),
    ] {
        let (code, _, err) = said(&run(folder.path(), arguments).await);
        assert!(code != Some(0) && err.contains(words), "{arguments:?}: {err}");
    }
}

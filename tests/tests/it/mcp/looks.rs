//! What an assistant finds out by looking: how a request was signed, what waits for somebody, what happens next. Not here:
//! what it plans and carries out.

use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use serde_json::json;

use super::Assistant;
use super::leads;
use super::with_scopes;

#[tokio::test]
async fn an_assistant_finds_how_a_request_was_signed_and_sees_no_secret() {
    let gateway = Gateway::start().await;
    let assistant = Assistant::of(&gateway);
    let secret = "a-token-of-a-shop";
    let mut sample = json!({"secret": "shop", "headers": {"X-Gitlab-Token": secret}, "body": "{}"});
    assistant.call("try", json!({"signature": sample})).await.refused("hookmill secret set");
    let (json, value) = ([("content-type", "application/json")], json!({"value": secret}).to_string());
    gateway.client().send("PUT", "/v1/secrets/shop", &json, value.into_bytes()).await.expect(201);
    let found = assistant.call("try", json!({"signature": sample})).await.ok();
    assert_eq!(found["presets"], json!(["gitlab"]), "{found}");
    assert!(!found.to_string().contains(secret), "{found}");
    assistant.call("try", json!({"signature": sample, "steps": []})).await.refused("`signature` alone");
    let reader = Assistant::new(with_scopes(&gateway, &["read"]).await);
    reader.call("try", json!({"signature": sample})).await.refused("scope `write`");
    let literal = json!({"secret": "whsec_bGl0ZXJhbA==", "headers": {}});
    let told = assistant.call("try", json!({"signature": literal})).await.refused("the name of a secret");
    assert!(!told.contains("bGl0ZXJhbA"), "{told}");
    sample["headers"] = json!({"x-gitlab-token": "another"});
    let found = assistant.call("try", json!({"signature": sample})).await.ok();
    assert_eq!((&found["presets"], &found["schemes"]), (&json!([]), &json!([])), "{found}");
}

#[tokio::test]
async fn what_waits_for_somebody_is_told() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    sink.always("/crm", Reply::Status(422));
    let assistant = Assistant::of(&gateway);
    let done = assistant.set_up(leads(&sink.url("/crm"))).await;
    let url = done["documents"][0]["url"].as_str().unwrap();
    gateway.client().with_key("").post(url, &json!({"kind": "lead", "score": 900})).await.expect(202);
    let failed = eventually("it failed", || async {
        let found = assistant.call("find", json!({"kind": "deliveries", "state": "failed"})).await.ok();
        found["deliveries"].get(0).cloned()
    })
    .await;
    assert_eq!((&failed["status"], &failed["destination"]), (&json!(422), &json!("crm")));
    gateway.client().act("/v1/destinations/crm/pause").await.expect(200);
    gateway.client().with_key("").send("DELETE", url, &[], Vec::new()).await.problem(405);
    let overview = assistant.call("overview", json!({})).await.ok();
    let attention = overview["attention"].to_string();
    for words in ["destination \\\"crm\\\" is paused", "1 deliveries to \\\"crm\\\" failed"] {
        assert!(attention.contains(words), "no `{words}` in {attention}");
    }
    // Resumed by a plan, as everything.
    let documents =
        json!([{"resource": "destination", "name": "crm", "url": sink.url("/crm"), "state": "active"}]);
    let plan = assistant.call("plan", json!({"documents": documents})).await.ok();
    assert_eq!(plan["changes"][0]["risk"], "outward", "{plan}");
    assistant.call("apply", json!({"plan": plan["plan"]})).await.ok();
    assert_eq!(gateway.client().get("/v1/destinations/crm").await.expect(200)["state"], "active");
}

#[tokio::test]
async fn an_assistant_waits_for_what_happens() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    sink.always("/crm", Reply::Status(422));
    let assistant = Assistant::of(&gateway);
    let done = assistant.set_up(leads(&sink.url("/crm"))).await;
    let url = done["documents"][0]["url"].as_str().unwrap();
    let send = async |score: u32| {
        let body = json!({"kind": "lead", "score": score});
        gateway.client().with_key("").post(url, &body).await.expect(202)["id"].clone()
    };
    send(400).await;
    let none = assistant.call("watch", json!({"source": "forms", "seconds": 1})).await.ok();
    assert_eq!(
        (&none["happened"], &none["events"], &none["waited_s"]),
        (&json!(false), &json!([]), &json!(1))
    );

    // Again and again: nobody knows when the watch has begun.
    let sending = async {
        loop {
            send(900).await;
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
    };
    let watching = async {
        let event = assistant.call("watch", json!({"source": "forms", "seconds": 20}));
        tokio::join!(event, assistant.call("watch", json!({"failed": true, "seconds": 20})))
    };
    let (event, failed) = tokio::select! {
        both = watching => both,
        () = sending => unreachable!("it does not end"),
    };
    let (event, failed) = (event.ok(), failed.ok());
    assert_eq!(
        (&event["happened"], &event["events"][0]["source"]),
        (&json!(true), &json!("forms")),
        "{event}"
    );
    let failure = &failed["deliveries"][0];
    assert_eq!(
        (&failure["outcome"], &failure["status"], &failure["destination"]),
        (&json!("failed"), &json!(422), &json!("crm")),
        "{failed}"
    );

    // What came in between two calls is not passed over.
    let sent = send(400).await;
    let asked = json!({"source": "forms", "after": event["after"], "seconds": 20});
    let came = assistant.call("watch", asked).await.ok();
    assert_eq!((&came["events"][0]["id"], &came["after"]), (&sent, &sent), "{came}");
    let dropped = assistant.call("watch", json!({"event": sent, "seconds": 20})).await.ok();
    assert_eq!((&dropped["happened"], &dropped["outcomes"][0]["outcome"]), (&json!(true), &json!("drop")));
    let sent = send(900).await;
    let ended = assistant.call("watch", json!({"event": sent, "seconds": 20})).await.ok();
    assert_eq!(
        (&ended["happened"], &ended["outcomes"][0]["outcome"], &ended["outcomes"][0]["attempts"]),
        (&json!(true), &json!("failed"), &json!(2)),
        "{ended}"
    );
    gateway.client().act("/v1/destinations/crm/pause").await.expect(200);
    let sent = send(900).await;
    let open = assistant.call("watch", json!({"event": sent, "seconds": 1})).await.ok();
    assert_eq!(open["happened"], false, "{open}");

    for (arguments, why) in [
        (json!({}), "give one of"),
        (json!({"source": "forms", "failed": true}), "give one of"),
        (json!({"event": sent, "after": sent}), "`after` goes with `source`"),
        (json!({"source": "none"}), "no such source"),
        (json!({"event": "evt_x"}), "no id of an event"),
        (json!({"failed": true, "seconds": 31}), "/seconds"),
    ] {
        assistant.call("watch", arguments).await.refused(why);
    }
}

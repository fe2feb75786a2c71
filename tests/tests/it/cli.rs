//! The command line: data on stdout, talk on stderr, documented exit codes.

use std::process::Output;

use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::Options;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::gateway::root;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncBufReadExt;
use tokio::io::BufReader;

async fn run(arguments: &[&str]) -> Output {
    hookmill().args(arguments).output().await.expect("the binary starts")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn words_that_make_no_sense_are_code_2() {
    for arguments in [&["frobnicate"][..], &["serve", "--no-such-flag"], &["map"], &["trigger"]] {
        let output = run(arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(out(&output).is_empty() && !err(&output).is_empty(), "{arguments:?}");
    }
    let help = run(&["--help"]).await;
    assert!(help.status.success() && out(&help).contains("serve"));
    assert!(out(&run(&["--version"]).await).starts_with("hookmill 0."));
}

#[tokio::test]
async fn settings_are_checked_all_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("h.toml");
    std::fs::write(&file, "lisen = '127.0.0.1:1'\n[server]\ngrace = 5\n").unwrap();
    let mut command = hookmill();
    let output =
        command.args(["serve", "--check", "--config"]).arg(&file).env("HOOKMILL_EGRESS_ALOW", "x").output();
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    for told in ["did you mean `listen`", "server.grace", "did you mean `HOOKMILL_EGRESS_ALLOW`"] {
        assert!(err(&output).contains(told), "{told} is not in {}", err(&output));
    }
    let printed = run(&["serve", "--print-config"]).await;
    assert!(printed.status.success());
    std::fs::write(&file, out(&printed)).unwrap();
    let checked = run(&["serve", "--check", "--config", file.to_str().unwrap()]).await;
    assert!(checked.status.success(), "{}", err(&checked));
}

#[tokio::test]
async fn a_taken_address_is_code_4() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = hookmill();
    let output =
        command.args(["serve", "--listen", &address, "--data"]).arg(directory.path()).output().await.unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    assert!(err(&output).contains(&address) && err(&output).contains("--listen"), "{}", err(&output));
}

#[tokio::test]
async fn completions_name_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell]).await;
        assert!(output.status.success());
        for command in ["serve", "trigger", "tail", "map", "plugin", "schema", "bench", "completions"] {
            assert!(out(&output).contains(command), "{shell} does not complete {command}");
        }
    }
}

#[tokio::test]
async fn map_runs_explains_suggests_and_lists() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let mapping =
        path("m.json", r#"{"version": 1, "output": {"company": "$.account.name", "plan": "$.acount.plan"}}"#);
    let payload =
        path("p.json", r#"{"account": {"name": "Acme", "plan": "free"}, "n": 10000000000000000000001}"#);
    let ran = run(&["map", "run", &mapping, &payload]).await;
    assert_eq!(serde_json::from_str::<Value>(&out(&ran)).unwrap(), json!({"company": "Acme", "plan": null}));
    let whole = run(&["map", "run", r#"{"version": 1, "output": "$.n"}"#, &payload]).await;
    assert_eq!(out(&whole), "10000000000000000000001\n");
    let explained = run(&["map", "explain", &mapping, &payload, "--json"]).await;
    let fields: Value = serde_json::from_str(&out(&explained)).unwrap();
    assert_eq!(fields[1]["did_you_mean"], "$.account.plan", "{fields}");
    let filter = path("f.json", r#"{"path": "$.account.plan", "eq": "paid"}"#);
    let tested = run(&["map", "run", "--filter", &filter, &payload, "--json"]).await;
    let decision: Value = serde_json::from_str(&out(&tested)).unwrap();
    assert_eq!((&decision["pass"], &decision["seen"]), (&json!(false), &json!("free")));
    let suggested = run(&["map", "suggest", r#"{"name": "", "plan": ""}"#, &payload]).await;
    assert!(out(&suggested).contains("$.account.plan"), "{}", out(&suggested));
    let listed = run(&["map", "paths", &payload, "--json"]).await;
    assert!(out(&listed).contains("\"$.account.name\""), "{}", out(&listed));

    let wrong = run(&["map", "run", r#"{"version": 1, "output": {"a": "$[", "b": "$.["}}"#, &payload]).await;
    assert_eq!(wrong.status.code(), Some(1));
    assert!(out(&wrong).is_empty());
    assert!(err(&wrong).contains("/output/a") && err(&wrong).contains("/output/b"), "{}", err(&wrong));
}

#[tokio::test]
async fn trigger_signs_as_each_provider_does() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let secrets = [
        ("github", "s3cret"),
        ("standard_webhooks", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("svix", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("stripe", "whsec_1"),
        ("slack", "8f742231b10e"),
        ("shopify", "hush"),
    ];
    for (preset, secret) in secrets {
        let source = json!({"name": preset, "verification": {"preset": preset, "secret": secret}});
        client.post("/v1/sources", &source).await.expect(201);
        let arguments =
            ["trigger", preset, "--url", &gateway.url(), "--preset", preset, "--secret", secret, "--json"];
        let output = run(&arguments).await;
        let line: Value =
            serde_json::from_str(&out(&output)).unwrap_or_else(|_| panic!("{preset}: {}", err(&output)));
        // What its provider takes for success.
        let status = if preset == "slack" { 200 } else { 202 };
        assert_eq!(line["status"], status, "{preset}: {line}");
        assert!(line["answer"]["id"].is_string(), "{preset}: {line}");
        let wrong = run(&["trigger", preset, "--url", &gateway.url()]).await;
        assert_eq!(wrong.status.code(), Some(1), "{preset}: {}", out(&wrong));
    }
}

#[tokio::test]
async fn tail_shows_what_happens() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let pipeline = Plan::new("tailed", &sink.url("/hook")).make(&client).await;
    let mut command = hookmill();
    command.args(["tail", "--url", &gateway.url(), "--key", ADMIN_KEY, "--json"]);
    let mut tail = command.spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    // Events are sent until the first is shown: the stream shows what happens after it began.
    let shown = async { lines.next_line().await.unwrap().unwrap() };
    let sending = async {
        loop {
            pipeline.accept(&client, &json!({})).await;
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let line = tokio::select! { line = shown => line, () = sending => unreachable!("it sends for ever") };
    let event: Value = serde_json::from_str(&line).unwrap();
    assert!(event["kind"].is_string() && event["data"].is_object(), "{event}");
    tail.kill().await.unwrap();
}

#[tokio::test]
async fn what_is_no_plugin_is_turned_down() {
    // From an empty folder to a delivery: `languages`.
    let text = root().join("README.md");
    let output = run(&["plugin", "check", text.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(10), "{}", err(&output));
}

#[tokio::test]
async fn bench_measures_a_short_run() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let plugin = root().join("target/plugins/filter-leads.wasm");
    for more in [&[][..], &["--mapping", "--plugin", plugin.to_str().unwrap()]] {
        let arguments = ["bench", "--json", "--requests", "2000", "--warm-up", "200", "--data", data];
        let output = run(&[&arguments[..], more].concat()).await;
        assert!(output.status.success(), "{}", err(&output));
        let report: Value = serde_json::from_str(&out(&output)).unwrap();
        assert_eq!(
            (&report["accepted"], &report["delivered"], &report["missing"]),
            (&json!(2000), &json!(2000), &json!(0))
        );
        for figure in ["server_cpu_us_per_event", "yardstick_us", "server_cpu_yardsticks_per_event"] {
            assert!(report[figure].as_f64().unwrap() > 0.0, "{figure}: {report}");
        }
    }
    assert!(std::fs::read_dir(directory.path()).unwrap().next().is_none(), "it cleans up after itself");
}

#[tokio::test]
async fn a_first_start_needs_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options::new(&directory.path().join("data"))
        .without("HOOKMILL_ADMIN_KEY")
        .without("HOOKMILL_EGRESS_ALLOW");
    let mut gateway = Gateway::launch(options.without("HOOKMILL_EGRESS_ALLOW_HTTP")).await;
    assert_eq!(gateway.client().with_key("").get("/readyz").await.status, 200);
    assert!(gateway.terminate().await.success());
}

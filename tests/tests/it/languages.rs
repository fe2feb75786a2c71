//! Plugins in every language, each from an empty folder to a delivery, and the repository's example of
//! the language. The compilers are those that `make test` installs.

use std::ffi::OsString;
use std::path::Path;
use std::process::Output;

use futures::future::join_all;
use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Pipeline;
use hookmill_tests::Sink;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::gateway::root;
use hookmill_tests::guests;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::sink::Hit;
use serde_json::Value;
use serde_json::json;

/// Events sent at once.
const MANY: u32 = 60;

/// The search path with the compilers of JavaScript and Python in front.
fn search_path() -> OsString {
    let tools = ["plugins/redact-pii/node_modules/.bin", "target/python/bin"].map(|tool| root().join(tool));
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(tools.into_iter().chain(std::env::split_paths(&path))).unwrap()
}

async fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = hookmill();
    command.args(arguments).current_dir(folder).env("PATH", search_path()).envs([guests::built()]);
    command.output().await.expect("the binary starts")
}

/// What a command that must succeed prints, as JSON.
async fn told(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, &[arguments, &["--json"]].concat()).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stdout));
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
}

/// Each of the examples ran.
fn assert_ran(tested: &Value, examples: usize) {
    assert_eq!(tested["runs"].as_array().unwrap().len(), examples, "{tested}");
}

/// `new`, `build`, `test`, `push`, and an event.
async fn from_nothing_to_a_delivery(language: &str) {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let folder = tempfile::tempdir().unwrap();
    told(folder.path(), &["plugin", "new", "leads", "--lang", language]).await;
    let project = folder.path().join("leads");
    let built = told(&project, &["plugin", "build"]).await;
    let file = built["path"].as_str().unwrap();
    assert_ran(&told(&project, &["plugin", "test", file]).await, 3);
    let url = gateway.url();
    let to = ["--url", &url, "--key", ADMIN_KEY, "--name", "leads"];
    let pushed = told(&project, &[&["plugin", "push", file], &to[..]].concat()).await;
    assert_eq!(pushed["active"], json!(true), "{pushed}");
    let imports = pushed["imports"].as_array().unwrap();
    assert!(imports.iter().all(|import| import == "log"), "nothing of the outside: {pushed}");

    let client = gateway.client();
    let step = json!({"plugin": {"name": "leads", "version": "active", "config": {"min_confidence": 0.8}}});
    let pipeline = Plan::new("leads", &sink.url("/leads")).steps(json!([step])).make(&client).await;
    let account = json!({"name": "Ada & Söhne \"Ltd\"", "domain": "ada.example"});
    for confidence in [0.1, 0.92] {
        pipeline.accept(&client, &json!({"confidence": confidence, "account": account, "more": [1]})).await;
    }
    let hits = sink.wait_for("/leads", 1).await;
    assert_eq!(hits[0].json(), json!({"company": account, "score": 92}));
    at_once(&client, &pipeline, &sink).await;
    // A configuration that lacks something.
    let bad =
        json!({"steps": [{"plugin": {"name": "leads", "version": "active", "config": {}}}], "payload": {}});
    let refused = client.post("/v1/preview", &bad).await;
    assert!(refused.text.contains("min_confidence"), "{refused:?}");
}

/// Of what comes at once an interpreter gets several together; each comes to what it comes to alone, and one that is
/// refused takes none along.
async fn at_once(client: &Client, pipeline: &Pipeline, sink: &Sink) {
    let is_refused = |number: u32| number.is_multiple_of(7);
    let send = async |number: u32| {
        let confidence = if is_refused(number) { json!("?") } else { json!(0.9) };
        let account = json!({"name": number.to_string(), "domain": "many.example"});
        pipeline.accept(client, &json!({"confidence": confidence, "account": account})).await;
    };
    join_all((0..MANY).map(send)).await;
    let mut expected: Vec<String> =
        (0..MANY).filter(|number| !is_refused(*number)).map(|number| number.to_string()).collect();
    let hits = sink.wait_for("/leads", 1 + expected.len()).await;
    let name = |hit: &Hit| hit.json()["company"]["name"].as_str().unwrap().to_owned();
    let mut names: Vec<String> = hits.iter().skip(1).map(name).collect();
    names.sort();
    expected.sort();
    assert_eq!(names, expected);
}

/// The repository's own plugin of the language keeps its word.
async fn example(name: &str, examples: usize) {
    assert_ran(&told(&root().join("plugins").join(name), &["plugin", "test", "."]).await, examples);
}

#[tokio::test]
async fn javascript() {
    from_nothing_to_a_delivery("js").await;
}

#[tokio::test]
async fn javascript_example() {
    example("redact-pii", 4).await;
}

#[tokio::test]
async fn python() {
    from_nothing_to_a_delivery("python").await;
}

#[tokio::test]
async fn python_example() {
    example("normalize-money", 5).await;
}

#[tokio::test]
async fn c() {
    from_nothing_to_a_delivery("c").await;
    example("page-url", 4).await;
}

#[tokio::test]
async fn rust() {
    from_nothing_to_a_delivery("rust").await;
    let checked = told(&root(), &["plugin", "check", "target/plugins/filter-leads.wasm"]).await;
    assert_eq!((&checked["name"], &checked["tier"]), (&json!("filter-leads"), &json!("native")));
}

#[tokio::test]
async fn a_compiler_that_is_missing_is_named() {
    for (language, hint) in [("js", "npm install"), ("python", "pip install"), ("c", "apt install clang-19")]
    {
        let folder = tempfile::tempdir().unwrap();
        told(folder.path(), &["plugin", "new", "leads", "--lang", language]).await;
        let mut command = hookmill();
        command.args(["plugin", "build"]).current_dir(folder.path().join("leads"));
        // A search path with npm on it, and nothing else.
        let tools = folder.path().join("tools");
        std::fs::create_dir(&tools).unwrap();
        std::fs::write(tools.join("npm"), "").unwrap();
        let output = command.env("PATH", tools).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(hint), "{language}: {said}");
    }
}

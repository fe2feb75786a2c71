//! `serve --config-dir`: a gateway that begins as its folder says and comes back to that at every start, or does not start
//! and changes nothing.

use std::path::Path;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::gateway::Options;
use hookmill_tests::gateway::hookmill;
use serde_json::json;

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

/// Files that are a pipeline, and an inbox.
fn fill(folder: &Path, url: &str) {
    write(folder, "a-forms.yaml", "resource: source\nname: forms\nevent_type: {path: $.kind}\n");
    write(folder, "token", "crm-token-1\n");
    write(
        folder,
        "b-crm.yaml",
        &format!(
            "resource: connection\nname: leads\nsource: forms\ndestination: crm\nsteps: [{{filter: {{path: $.score, gt: 500}}}}]\n\
             ---\nresource: destination\nname: crm\nurl: {url}\nauth: {{bearer: {{$file: token}}}}\nheaders: {{x-team: {{$env: TEAM}}}}\n"
        ),
    );
    write(folder, "box.json", r#"{"resource": "destination", "name": "box", "kind": "inbox"}"#);
}

fn of(folder: &Path) -> impl FnOnce(Options) -> Options {
    let folder = folder.to_str().unwrap().to_owned();
    move |options| options.arg("--config-dir").arg(&folder).env("TEAM", "sales")
}

/// The configuration as it lies beside the store, its revision with it.
async fn at_the_end(gateway: &mut Gateway) -> String {
    assert!(gateway.terminate().await.success(), "{}", gateway.log());
    std::fs::read_to_string(gateway.data().join("config-export.json")).unwrap()
}

/// It ends before it is ready; what it said.
async fn refused(gateway: &Gateway) -> String {
    let started = Gateway::try_launch(gateway.options().clone()).await;
    let (status, said) = started.expect_err("it does not start");
    assert_eq!(status.code(), Some(3), "{said}");
    said
}

/// What `serve --check` says of a folder.
async fn check(folder: &Path) -> (Option<i32>, String) {
    let mut command = hookmill();
    command.args(["serve", "--check", "--listen", "127.0.0.1:0", "--config-dir"]).arg(folder);
    let output = command.env("TEAM", "sales").output().await.expect("the binary starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

async fn names(gateway: &Gateway) -> Vec<String> {
    let all = gateway.client().all("/v1/destinations").await;
    let mut names: Vec<String> = all.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn an_empty_gateway_becomes_what_the_folder_says() {
    let (folder, sink) = (tempfile::tempdir().unwrap(), Sink::start().await);
    fill(folder.path(), &sink.url("/crm"));
    let mut gateway = Gateway::start_with(of(folder.path())).await;
    let made = gateway.ready()["made"].as_array().unwrap().clone();
    let of_name =
        |name: &str| made.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{made:?}"));
    let key = of_name("forms")["key"]["secret"].as_str().unwrap().to_owned();
    assert!(of_name("crm")["secret"].as_str().unwrap().starts_with("whsec_"), "{made:?}");
    assert!(made.iter().all(|one| one["name"] != "leads"), "it has nothing that is shown once: {made:?}");
    let url = of_name("forms")["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(&gateway.url()).unwrap();
    for score in [501, 500] {
        let event = json!({"kind": "lead", "score": score});
        gateway.client().with_key(&key).post(path, &event).await.expect(202);
    }
    let hit = sink.wait_for("/crm", 1).await.remove(0);
    assert_eq!((hit.header("authorization"), hit.header("x-team")), ("Bearer crm-token-1", "sales"));
    assert_eq!(hit.json()["score"], 501);

    let before = at_the_end(&mut gateway).await;
    gateway.restart().await;
    assert!(gateway.ready().get("made").is_none(), "{}", gateway.ready());
    assert_eq!(at_the_end(&mut gateway).await, before, "nothing differed, and something was written");
}

#[tokio::test]
async fn it_comes_back_to_what_the_folder_says() {
    let (folder, sink) = (tempfile::tempdir().unwrap(), Sink::start().await);
    fill(folder.path(), &sink.url("/crm"));
    let variable = folder.path().to_str().unwrap().to_owned();
    let mut gateway =
        Gateway::start_with(|options| options.env("HOOKMILL_CONFIG_DIR", &variable).env("TEAM", "sales"))
            .await;
    assert_eq!(names(&gateway).await, ["box", "crm"]);
    let client = gateway.client();
    client.post("/v1/destinations", &json!({"name": "mine", "kind": "inbox"})).await.expect(201);
    client.patch("/v1/destinations/crm", &json!({"concurrency": 3})).await.expect(200);
    std::fs::remove_file(folder.path().join("box.json")).unwrap();
    assert!(gateway.terminate().await.success());
    gateway.restart().await;
    // What was made otherwise is in no folder, and stays.
    assert_eq!(names(&gateway).await, ["crm", "mine"]);
    let crm = gateway.client().get("/v1/destinations/crm").await.expect(200);
    assert_eq!(crm["concurrency"], 8, "{crm}");
}

#[tokio::test]
async fn a_fault_is_told_with_its_file_and_nothing_is_changed() {
    let (folder, sink) = (tempfile::tempdir().unwrap(), Sink::start().await);
    fill(folder.path(), &sink.url("/crm"));
    let mut gateway = Gateway::start_with(of(folder.path())).await;
    let before = at_the_end(&mut gateway).await;
    let bad = "resource: source\nname: s\nmethod: [POST]\n---\nresource: destination\nname: d\nurl: ftp://example.com\n";
    write(folder.path(), "c-bad.yaml", bad);
    write(folder.path(), "d-good.yaml", "resource: source\nname: good\n");
    let said = refused(&gateway).await;
    for told in
        ["c-bad.yaml, document 1 /method: ", "did you mean `methods`", "c-bad.yaml, document 2 /url: "]
    {
        assert!(said.contains(told), "no {told} in {said}");
    }
    for (text, told) in [
        ("resource: [source\n", "c-bad.yaml is not YAML or JSON"),
        (
            "resource: source\nname: s\nbasic: {username: u, password: {$env: NO_SUCH_VARIABLE}}\n",
            "NO_SUCH_VARIABLE",
        ),
    ] {
        write(folder.path(), "c-bad.yaml", text);
        let said = refused(&gateway).await;
        assert!(said.contains("--config-dir: ") && said.contains(told), "{said}");
        let (status, said) = check(folder.path()).await;
        assert!(status == Some(3) && said.contains(told), "{said}");
    }
    std::fs::remove_file(folder.path().join("c-bad.yaml")).unwrap();
    std::fs::remove_file(folder.path().join("d-good.yaml")).unwrap();
    gateway.restart().await;
    assert_eq!(at_the_end(&mut gateway).await, before);
}

#[tokio::test]
async fn not_everything_is_deleted_because_a_folder_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    // There was never anything in it: nothing is to be done.
    let mut gateway = Gateway::start_with(of(folder.path())).await;
    assert!(gateway.ready().get("made").is_none() && names(&gateway).await.is_empty());
    assert!(gateway.terminate().await.success());
    for at in 0..7 {
        let text = format!("resource: destination\nname: box{at}\nkind: inbox\n");
        write(folder.path(), &format!("{at}.yaml"), &text);
    }
    gateway.restart().await;
    let before = at_the_end(&mut gateway).await;
    for at in 1..7 {
        std::fs::remove_file(folder.path().join(format!("{at}.yaml"))).unwrap();
    }
    let said = refused(&gateway).await;
    assert!(
        said.contains("6 documents of the set would be deleted") && said.contains("--max-deletes"),
        "{said}"
    );
    std::fs::remove_file(folder.path().join("0.yaml")).unwrap();
    let said = refused(&gateway).await;
    assert!(said.contains("there is no document in "), "{said}");
    let away = folder.path().join("nowhere");
    let (status, said) = check(&away).await;
    assert!(status == Some(3) && said.contains("nowhere"), "{said}");
    for at in 0..7 {
        let text = format!("resource: destination\nname: box{at}\nkind: inbox\n");
        write(folder.path(), &format!("{at}.yaml"), &text);
    }
    gateway.restart().await;
    assert_eq!(at_the_end(&mut gateway).await, before);
}

/// The first start makes the admin key, and shows it once.
#[tokio::test]
async fn a_key_that_was_made_is_shown_although_the_folder_has_a_fault() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(
        folder.path(),
        "a.yaml",
        "resource: connection\nname: c\nsource: published\ndestination: nowhere\n",
    );
    let options = Options::new(&data.path().join("data")).without("HOOKMILL_ADMIN_KEY");
    let (status, said) =
        Gateway::try_launch(of(folder.path())(options.clone())).await.expect_err("it has a fault");
    assert!(status.code() == Some(3) && said.contains("a.yaml, document 1 /destination: "), "{said}");
    let key = said.split_whitespace().find(|word| word.starts_with("hm_admin_")).expect("the key is shown");
    let gateway = Gateway::launch(options).await;
    assert!(gateway.ready().get("admin_key").is_none(), "{}", gateway.ready());
    Client::new(&gateway.url(), key).get("/v1/sources").await.expect(200);
}

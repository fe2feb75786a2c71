//! Every command of the README is run as it stands, against a gateway started as `make run` does.

use std::path::Path;
use std::process::Output;
use std::process::Stdio;

use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::binary;
use hookmill_tests::gateway::root;
use hookmill_tests::guests;
use tokio::process::Command;

/// The `sh` blocks in their order.
fn blocks(text: &str) -> Vec<String> {
    let parts = text.split("```sh\n").skip(1);
    parts.map(|part| part.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// A folder that looks like the repository after `make run`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    for directory in ["data", "target/release"] {
        std::fs::create_dir_all(at(directory)).unwrap();
    }
    std::fs::write(at("data/admin-key"), ADMIN_KEY).unwrap();
    let link = |from: &Path, to: &str| std::os::unix::fs::symlink(from, at(to)).unwrap();
    link(&binary(), "target/release/hookmill");
    guests::plugin("github-to-slack");
    for name in ["host", "plugins", "Makefile", "target/plugins"] {
        link(&root().join(name), name);
    }
    folder
}

async fn shell(script: &str, folder: &Path) -> Output {
    let mut command = Command::new("sh");
    command.args(["-eu", "-c", script]).current_dir(folder).stdin(Stdio::null()).envs([guests::built()]);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOOKMILL_") {
            command.env_remove(name);
        }
    }
    command.output().await.expect("there is a shell")
}

/// Everything but cloning and building, which have been done.
fn script(readme: &str, gateway: &Gateway, local: &Sink) -> String {
    let done = |line: &&str| line.starts_with("make ") || line.starts_with("git clone");
    let blocks = blocks(readme);
    let lines = blocks.iter().flat_map(|block| block.lines().chain([""])).filter(|line| !done(line));
    let script: String = lines.map(|line| format!("{line}\n")).collect();
    script.replace("127.0.0.1:8080", &gateway.address()).replace("127.0.0.1:3000", local.address())
}

#[tokio::test]
async fn every_command_works_as_written() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    for block in blocks(&readme) {
        let targets = block.lines().filter_map(|line| line.strip_prefix("make "));
        for target in targets.filter_map(|line| line.split_whitespace().next()) {
            assert!(makefile.contains(&format!("\n{target}:")), "the Makefile has no `{target}`");
        }
    }
    let gateway = Gateway::start_with(|options| options.arg("--sample")).await;
    let (client, local) = (gateway.client(), Sink::start().await);
    hookmill_tests::eventually("the sample is set up", || async {
        (!client.all("/v1/connections").await.is_empty()).then_some(())
    })
    .await;
    let (folder, script) = (folder(), script(&readme, &gateway, &local));
    assert!(script.contains("curl") && script.contains("hookmill plugin new"), "{script}");
    let output = shell(&script, folder.path()).await;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}\nsaid:\n{out}\n{err}");
    assert!(!out.contains("https://hookmill.dev/problems/"), "a request was refused:\n{out}");
    assert!(out.contains("\"stage\":\"verified\""), "no trace in\n{out}");
    let forwarded = local.hits_at("/hook");
    assert!(forwarded.len() == 1 && !forwarded[0].header("webhook-signature").is_empty(), "{forwarded:?}");

    let event = hookmill_tests::eventually("the sample's event was delivered", || async {
        let items = client.all("/v1/deliveries?state=delivered").await;
        items.first().map(|item| item["event"].as_str().unwrap_or_default().to_owned())
    })
    .await;
    let trace = client.get(&format!("/v1/events/{event}/trace")).await;
    for stage in ["received", "verified", "filter", "plugin", "delivery", "attempt"] {
        assert!(trace.text.contains(&format!("\"stage\":\"{stage}\"")), "no {stage} in {}", trace.text);
    }
}

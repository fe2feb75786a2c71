//! Every command of the README is run as it stands, against a gateway started as `make run` does.

use std::path::Path;
use std::process::Output;
use std::process::Stdio;

use hookmill_tests::Gateway;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::binary;
use hookmill_tests::gateway::root;
use tokio::process::Command;

/// The `sh` blocks in their order.
fn blocks(text: &str) -> Vec<String> {
    let parts = text.split("```sh\n").skip(1);
    parts.map(|part| part.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// A folder that looks like the repository after `make run`.
fn folder(gateway: &Gateway) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    for directory in ["data", "target/release"] {
        std::fs::create_dir_all(at(directory)).unwrap();
    }
    std::fs::write(at("data/admin-key"), ADMIN_KEY).unwrap();
    let link = |from: &Path, to: &str| std::os::unix::fs::symlink(from, at(to)).unwrap();
    link(&binary(), "target/release/hookmill");
    for name in ["host", "plugins", "Makefile"] {
        link(&root().join(name), name);
    }
    assert!(gateway.data().exists());
    folder
}

async fn shell(script: &str, folder: &Path) -> Output {
    let mut command = Command::new("sh");
    command.args(["-eu", "-c", script]).current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOOKMILL_") {
            command.env_remove(name);
        }
    }
    command.output().await.expect("there is a shell")
}

#[tokio::test]
async fn every_command_works_as_written() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    let gateway = Gateway::start_with(|options| options.arg("--sample")).await;
    let folder = folder(&gateway);
    let mut said = String::new();
    let mut run = 0;
    for block in blocks(&readme) {
        let targets = block.lines().filter_map(|line| line.strip_prefix("make "));
        for target in targets.flat_map(str::split_whitespace) {
            assert!(makefile.contains(&format!("\n{target}:")), "the Makefile has no `{target}`");
        }
        // Cloning and building have been done; everything else is run.
        let rest: String = block
            .lines()
            .filter(|line| !line.starts_with("make ") && !line.starts_with("git clone"))
            .map(|line| format!("{line}\n"))
            .collect();
        let script = rest.replace("127.0.0.1:8080", &gateway.address());
        if script.trim().is_empty() {
            continue;
        }
        let output = shell(&script, folder.path()).await;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{block}\nsaid:\n{out}{err}");
        said.push_str(&out);
        run += 1;
    }
    assert!(run >= 3, "only {run} blocks of the README could be run");
    for shown in
        ["\"state\":\"delivered\"", "\"stage\":\"verified\"", "\"stage\":\"plugin\"", "\"stage\":\"attempt\""]
    {
        assert!(said.contains(shown), "the README's commands never show {shown}:\n{said}");
    }
}

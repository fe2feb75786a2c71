//! The gateway that is measured: a child process of the same program with data of its own.
//! Not here: what it is told to do (`set_up`).

use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tokio::io::AsyncBufReadExt as _;
use tokio::io::BufReader;
use tokio::process::Command;

const KEY: &str = "hm_admin_bench";
const READY_PATIENCE: Duration = Duration::from_secs(60);
/// The kernel tells CPU time in hundredths of a second on every architecture Linux has.
const TICK: Duration = Duration::from_millis(10);

/// Memory of a process, bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MemoryUse {
    /// Resident now.
    pub(super) resident: u64,
    /// The most that was resident.
    pub(super) peak: u64,
}

/// A running gateway. It ends and its data goes when this goes out of scope.
#[derive(Debug)]
pub(super) struct Child {
    process: tokio::process::Child,
    address: String,
    data: Data,
}

/// A directory that is removed at the end.
#[derive(Debug)]
struct Data(PathBuf);

impl Drop for Data {
    fn drop(&mut self) {
        // What cannot be removed is left to the user; it is named after this program.
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

impl Child {
    /// Starts one and waits until it is ready.
    pub(super) async fn start(data: Option<&Path>) -> anyhow::Result<Self> {
        let name = format!("hookmill-bench-{}", std::process::id());
        let data = Data(data.map_or_else(|| PathBuf::from("."), Path::to_path_buf).join(name));
        let mut command = Command::new(std::env::current_exe().context("where is this program")?);
        command
            // Settings of whoever runs the bench must not change what is measured.
            .env_clear()
            .args(["serve", "--ready-json", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data.0)
            .env("HOOKMILL_ADMIN_KEY", KEY)
            .env("HOOKMILL_EGRESS_ALLOW", "127.0.0.0/8")
            .env("HOOKMILL_EGRESS_ALLOW_HTTP", "true")
            .env("HOOKMILL_LOG_FILTER", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut process = command.spawn().context("start the gateway")?;
        let stdout = process.stdout.take().context("its stdout is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(READY_PATIENCE, lines.next_line()).await;
        let line = line.context("the gateway does not get ready")??.context("the gateway ended at once")?;
        let ready: Value = serde_json::from_str(&line).with_context(|| format!("its first line: {line}"))?;
        let address = ready["listening"].as_str().context("it says where it listens")?.to_owned();
        Ok(Self { process, address, data })
    }

    /// Host and port.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The key that opens its API.
    pub(super) const fn key(&self) -> &'static str {
        KEY
    }

    /// CPU time it has used, all threads, in the kernel and out of it.
    pub(super) fn cpu(&self) -> anyhow::Result<Duration> {
        let text = self.proc("stat")?;
        // The second field is the name in brackets and may hold anything.
        let (_, fields) = text.rsplit_once(')').context("/proc/…/stat has a name")?;
        let ticks = |place: usize| fields.split_whitespace().nth(place)?.parse::<u32>().ok();
        let (user, system) = (ticks(11).context("utime")?, ticks(12).context("stime")?);
        Ok(TICK * user.saturating_add(system))
    }

    /// Its memory.
    pub(super) fn memory(&self) -> anyhow::Result<MemoryUse> {
        let text = self.proc("status")?;
        let field = |name: &str| -> Option<u64> {
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
        };
        Ok(MemoryUse { resident: field("VmRSS:").context("VmRSS")?, peak: field("VmHWM:").context("VmHWM")? })
    }

    fn proc(&self, file: &str) -> anyhow::Result<String> {
        let pid = self.process.id().context("the gateway ended")?;
        let path = format!("/proc/{pid}/{file}");
        std::fs::read_to_string(&path).with_context(|| format!("read {path}"))
    }

    /// Ends it.
    pub(super) async fn stop(mut self) {
        // It is our own child; that it is gone already is as good.
        let _gone = self.process.kill().await;
        drop(self.data);
    }
}

//! The real binary as a child process: started, killed, asked to stop, started again on the same
//! data. Not here: talking to it (`client`).

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncRead;
use tokio::io::BufReader;
use tokio::process::Child;
use tokio::process::Command;

use crate::client::Client;

const LOG_LINES: usize = 200;
const START_PATIENCE: Duration = Duration::from_secs(60);

/// The admin key every gateway of the tests is given.
pub const ADMIN_KEY: &str = "hm_admin_tests_0123456789abcdefghijklmnopqrstu";

/// The binary under test: `HOOKMILL_BIN`, else the one of this workspace's debug build.
pub fn binary() -> PathBuf {
    let named = std::env::var_os("HOOKMILL_BIN").map(PathBuf::from);
    let path = named.unwrap_or_else(|| root().join("target/debug/hookmill"));
    assert!(path.exists(), "no binary at {}: `cargo build -p hookmill` makes it", path.display());
    path
}

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_path_buf()
}

/// How to start one.
#[derive(Debug, Clone)]
pub struct Options {
    data: PathBuf,
    env: Vec<(String, String)>,
    args: Vec<String>,
    under: Vec<String>,
    port: u16,
}

impl Options {
    /// Data in `data`; deliveries to this machine are allowed.
    pub fn new(data: &Path) -> Self {
        Self { data: data.to_path_buf(), env: Vec::new(), args: Vec::new(), under: Vec::new(), port: 0 }
            .env("HOOKMILL_ADMIN_KEY", ADMIN_KEY)
            .env("HOOKMILL_EGRESS_ALLOW", "127.0.0.0/8")
            .env("HOOKMILL_EGRESS_ALLOW_HTTP", "true")
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Takes a variable away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.env.retain(|(have, _)| have != name);
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// Lets a program start the binary: it gets its path and arguments after these.
    #[must_use]
    pub fn under(mut self, program: &[&str]) -> Self {
        self.under = program.iter().map(|&part| part.to_owned()).collect();
        self
    }

    fn command(&self) -> Command {
        let program: Vec<OsString> = self.under.iter().map(OsString::from).chain([binary().into()]).collect();
        let mut command = clean(Command::new(&program[0]));
        command.args(&program[1..]);
        command
            .args(["serve", "--ready-json", "--listen", &format!("127.0.0.1:{}", self.port), "--data"])
            .arg(&self.data)
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// The binary with nothing of this process's settings in its environment. All share what they compile of plugins.
pub fn hookmill() -> Command {
    clean(Command::new(binary()))
}

fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_uppercase();
        if text.starts_with("HOOKMILL_") || text.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command.env("HOOKMILL_PLUGINS_CODE_CACHE", root().join("target/code-cache"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

type Log = Arc<Mutex<VecDeque<String>>>;

/// A running gateway. Killed when it goes out of scope; if a test panics, the end of its log is shown.
#[derive(Debug)]
pub struct Gateway {
    options: Options,
    child: Child,
    ready: Value,
    log: Log,
    directory: Option<tempfile::TempDir>,
}

impl Gateway {
    /// Starts one with data of its own.
    pub async fn start() -> Self {
        Self::start_with(|options| options).await
    }

    /// Starts one with data of its own and changed options.
    pub async fn start_with(change: impl FnOnce(Options) -> Options) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut gateway = Self::launch(change(Options::new(&directory.path().join("data")))).await;
        gateway.directory = Some(directory);
        gateway
    }

    /// Starts one; panics if it does not get ready.
    pub async fn launch(options: Options) -> Self {
        match Self::try_launch(options).await {
            Ok(gateway) => gateway,
            Err((status, log)) => panic!("the gateway ended with {status} before it was ready:\n{log}"),
        }
    }

    /// Starts one; if it ends before it is ready, its status and what it said on stderr.
    pub async fn try_launch(mut options: Options) -> Result<Self, (ExitStatus, String)> {
        let mut child = options.command().spawn().expect("the binary starts");
        let log = Log::default();
        let talk = tokio::spawn(collect(child.stderr.take().expect("stderr is piped"), log.clone()));
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let first = tokio::time::timeout(START_PATIENCE, lines.next_line()).await;
        let first = first.unwrap_or_else(|_| panic!("not ready in {START_PATIENCE:?}:\n{}", tail(&log)));
        let Some(first) = first.expect("stdout is UTF-8") else {
            let status = child.wait().await.expect("it ended");
            talk.await.expect("reading its log");
            return Err((status, tail(&log)));
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let ready: Value = serde_json::from_str(&first).unwrap_or_else(|_| panic!("not JSON: {first}"));
        let port = ready["listening"].as_str().and_then(|text| text.rsplit_once(':')).map(|(_, port)| port);
        options.port =
            port.and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("no port in {first}"));
        Ok(Self { options, child, ready, log, directory: None })
    }

    /// The line it printed when it was ready.
    pub fn ready(&self) -> &Value {
        &self.ready
    }

    /// How it was started.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// `127.0.0.1:49231`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.options.port)
    }

    /// `http://127.0.0.1:49231`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Its data directory.
    pub fn data(&self) -> &Path {
        &self.options.data
    }

    /// The API with the admin key.
    pub fn client(&self) -> Client {
        Client::new(&self.url(), ADMIN_KEY)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it is running")
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        tail(&self.log)
    }

    /// SIGKILL, and waits until it is gone.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it is ours to kill");
    }

    /// Sends a signal.
    #[expect(unsafe_code, reason = "there is no safe kill(2) in the standard library")]
    pub fn signal(&self, signal: i32) {
        let pid = i32::try_from(self.pid()).expect("process ids are small");
        // SAFETY: kill touches no memory; the child is not waited for yet, so the id is still its own.
        let outcome = unsafe { libc::kill(pid, signal) };
        assert_eq!(outcome, 0, "signal {signal} to {pid}");
    }

    /// SIGTERM, and waits for the end.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.signal(libc::SIGTERM);
        self.ended().await
    }

    /// Waits for the end.
    pub async fn ended(&mut self) -> ExitStatus {
        let ended = tokio::time::timeout(START_PATIENCE, self.child.wait()).await;
        ended.unwrap_or_else(|_| panic!("did not end:\n{}", self.log())).expect("waiting for a child")
    }

    /// Whether it is running.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("asking for a child's state").is_none()
    }

    /// Starts it again on the same data and port, after it ended.
    pub async fn restart(&mut self) {
        let again = Self::launch(self.options.clone()).await;
        self.ready = again.ready.clone();
        self.take_over(again);
    }

    /// Starts it again with changed options.
    pub async fn restart_with(&mut self, change: impl FnOnce(Options) -> Options) {
        self.options = change(self.options.clone());
        self.restart().await;
    }

    fn take_over(&mut self, mut other: Self) {
        std::mem::swap(&mut self.child, &mut other.child);
        std::mem::swap(&mut self.log, &mut other.log);
    }

    /// Resident memory in bytes, now.
    pub fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/statm", self.pid());
        let text = std::fs::read_to_string(path).expect("it is running");
        let pages: u64 =
            text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("statm has numbers");
        pages * 4096
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the gateway's last lines ---\n{}", tail(&self.log));
        }
    }
}

async fn collect(stream: impl AsyncRead + Unpin, log: Log) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == LOG_LINES {
            log.pop_front();
        }
        log.push_back(line);
    }
}

fn tail(log: &Log) -> String {
    let log = log.lock().unwrap_or_else(PoisonError::into_inner);
    log.iter().map(|line| format!("{line}\n")).collect()
}

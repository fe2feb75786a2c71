//! What the tests of this room share: sandboxes in folders of their own, guests, events.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::OnceLock;

use bytes::Bytes;
use tempfile::TempDir;

use crate::domain::grant::Grants;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::Output;
use crate::domain::plugin::PluginLimits;
use crate::domain::plugin::Verdict;
use crate::sandbox::Compiler;
use crate::sandbox::Plugin;
use crate::sandbox::Sandbox;
use crate::sandbox::SandboxOptions;

/// Whose plugins these are, where it makes no difference.
pub(super) const TENANT: WorkspaceId = WorkspaceId::from_bits(1);

/// A sandbox and its folder.
pub(super) struct Room {
    pub(super) sandbox: Sandbox,
    pub(super) dir: TempDir,
}

impl Room {
    pub(super) fn new() -> Self {
        Self::with(PluginLimits::default())
    }

    pub(super) fn with(limits: PluginLimits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sandbox = sandbox(dir.path(), limits, Compiler::InProcess);
        Self { sandbox, dir }
    }

    /// Admits a guest and loads it.
    pub(super) async fn plugin(&self, name: &str) -> Plugin {
        let admitted = self.sandbox.admit(guest(name)).await.unwrap();
        self.sandbox.load(TENANT, &admitted.digest, Grants::default()).await.unwrap()
    }
}

pub(super) fn sandbox(dir: &Path, limits: PluginLimits, compiler: Compiler) -> Sandbox {
    let mut options = SandboxOptions::new(dir.join("plugins"), compiler, 2);
    options.native.limits = limits;
    Sandbox::new(options).unwrap()
}

/// The bytes of a guest of `tests/guests`, built when this is the first test that wants one.
pub(super) fn guest(name: &str) -> Bytes {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let root = BUILT.get_or_init(|| built("tests/guests/build.sh"));
    std::fs::read(root.join(format!("target/guests/{name}.wasm"))).unwrap().into()
}

/// The bytes of one of the example plugins, in the same way.
pub(super) fn example(name: &str) -> Bytes {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let root = BUILT.get_or_init(|| built("plugins/build.sh"));
    std::fs::read(root.join(format!("target/plugins/{name}.wasm"))).unwrap().into()
}

/// Runs a script of the repository, and gives the repository's folder.
fn built(script: &str) -> PathBuf {
    // The generated bindings are found from the same place.
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit").canonicalize().unwrap();
    let root = wit.parent().unwrap().to_owned();
    let built = Command::new(root.join(script)).output().unwrap();
    assert!(built.status.success(), "{script}: {}", String::from_utf8_lossy(&built.stderr));
    root
}

/// A guest with some of its bytes replaced by as many others.
pub(super) fn patched(name: &str, from: &str, to: &str) -> Bytes {
    assert_eq!(from.len(), to.len());
    let mut bytes = guest(name).to_vec();
    let found: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, part)| *part == from.as_bytes())
        .map(|(at, _)| at)
        .collect();
    assert_eq!(found.len(), 1, "{from:?} must be in {name}.wasm once");
    bytes[found[0]..found[0] + to.len()].copy_from_slice(to.as_bytes());
    bytes.into()
}

pub(super) fn event(id: &str) -> GuestEvent {
    GuestEvent {
        id: id.into(),
        event_type: "lead.seen".into(),
        source: "shop".into(),
        received_at: "2026-03-01T12:00:00Z".into(),
        headers: vec![("x-attack".to_owned(), "value".to_owned())],
        content_type: "application/json".into(),
        payload: Bytes::from_static(br#"{"signal_type":"intent_spike","confidence":0.9}"#),
    }
}

pub(super) fn no_config() -> Arc<str> {
    "{}".into()
}

pub(super) fn forwarded(verdict: &Verdict) -> &[Output] {
    match verdict {
        Verdict::Forward(outputs) => outputs,
        Verdict::Drop(reason) => panic!("dropped: {reason}"),
    }
}

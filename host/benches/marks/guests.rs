//! The plugins that are measured: the guest of the benches, and one in each interpreted language, if it was built.
//! Their compiled code is kept from one run to the next, since interpreters take half a minute. Not here: measuring.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use hookmill::domain::grant::Grants;
use hookmill::domain::id::WorkspaceId;
use hookmill::domain::plugin::Digest;
use hookmill::domain::plugin::GuestEvent;
use hookmill::sandbox::BatchRan;
use hookmill::sandbox::Compiler;
use hookmill::sandbox::Cost;
use hookmill::sandbox::Plugin;
use hookmill::sandbox::Sandbox;
use hookmill::sandbox::SandboxOptions;
use sha2::Digest as _;
use tokio::runtime::Runtime;

/// A sandbox, and a thread's way into it.
pub(crate) struct Guests {
    pub(crate) runtime: Runtime,
    sandbox: Sandbox,
}

/// A plugin with its configuration.
pub(crate) struct Guest<'g> {
    pub(crate) plugin: Plugin,
    pub(crate) config: Arc<str>,
    runtime: &'g Runtime,
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn target() -> PathBuf {
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.find(|dir| dir.join("tests/guests").is_dir()).expect("the repository").join("target")
}

impl Guests {
    pub(crate) fn new() -> Self {
        let options = SandboxOptions::new(target().join("marks"), Compiler::InProcess, 1);
        Self { runtime: runtime(), sandbox: Sandbox::new(options).expect("a sandbox") }
    }

    /// The guest whose code is run natively as well.
    pub(crate) fn lead(&self, config: &str) -> Guest<'_> {
        let guest = self.guest(&target().join("guests/lead.wasm"), config);
        guest.expect("build the guests first: tests/guests/build.sh")
    }

    /// What `plugin new` makes in that language, if it was built.
    pub(crate) fn in_language(&self, language: &str) -> Option<Guest<'_>> {
        let built = target().join("languages").join(language).join("target");
        let config = r#"{"min_confidence":0.8}"#;
        [built.join(language), built.join("leads")]
            .iter()
            .find_map(|file| self.guest(&file.with_extension("wasm"), config))
    }

    fn guest(&self, file: &Path, config: &str) -> Option<Guest<'_>> {
        let bytes = std::fs::read(file).ok()?;
        let digest = Digest::from_bytes(sha2::Sha256::digest(&bytes).into());
        let plugin = self.runtime.block_on(async {
            if !self.sandbox.has(&digest) {
                self.sandbox.admit(bytes.into()).await.expect("the guest is honest");
            }
            self.sandbox
                .load(WorkspaceId::from_bits(0), &digest, Grants::default())
                .await
                .expect("it was admitted")
        });
        Some(Guest { plugin, config: config.into(), runtime: &self.runtime })
    }
}

impl Guest<'_> {
    /// What one event costs in an instance of its own.
    pub(crate) fn fresh(&self, event: &GuestEvent) -> Cost {
        self.runtime.block_on(self.plugin.run_here(self.config.clone(), event.clone())).expect("it runs").cost
    }

    /// CPU time of each of several events that come at once, as live ones do.
    pub(crate) fn at_once(&self, event: &GuestEvent, events: u32) -> Duration {
        let runs = (0..events).map(|_| self.plugin.run(self.config.clone(), event.clone()));
        let ran = self.runtime.block_on(join_all(runs));
        ran.into_iter().map(|ran| ran.expect("it runs").cost.cpu).sum::<Duration>() / events
    }

    /// Several events in one instance.
    pub(crate) fn batch(&self, event: &GuestEvent, events: usize) -> BatchRan {
        let run = self.plugin.run_batch_here(self.config.clone(), vec![event.clone(); events]);
        let ran = self.runtime.block_on(run).expect("it runs");
        assert!(ran.results.iter().all(Result::is_ok));
        ran
    }
}

//! The code of plugins after a start: makes in the background what another engine left. Not here: compiling
//! (`sandbox`), events that wait for theirs (`pipeline`).

use std::collections::BTreeSet;
use std::time::Duration;

use crate::control::Control;
use crate::domain::plugin::Artifact;
use crate::domain::plugin::Digest;
use crate::sandbox::Plugin;

/// How often what does not compile is tried.
const TRIES: u32 = 3;
/// Between two tries.
const WAIT: Duration = Duration::from_secs(60);

impl Control {
    /// Makes the code of every version that lacks it, one after the other, those that connections run first. An event
    /// that needs another sooner has it made itself. What failed is tried again twice, later: the machine may be busy.
    pub async fn build_artifacts(&self) {
        let mut wanted = self.versions_in_order();
        for tries in 1..=TRIES {
            wanted = self.build_each(&wanted).await;
            if wanted.is_empty() || tries == TRIES {
                return;
            }
            tokio::time::sleep(WAIT).await;
        }
    }

    /// Answers those that failed.
    async fn build_each(&self, wanted: &[Digest]) -> Vec<Digest> {
        let (mut built, mut failed) = (0_u32, Vec::new());
        for (at, digest) in wanted.iter().enumerate() {
            let began = self.now();
            match self.sandbox().build(digest).await {
                Ok(false) => {}
                Ok(true) => {
                    built += 1;
                    let (ms, left) = (self.now().since(began).as_millis(), wanted.len() - at - 1);
                    tracing::info!(version = %digest, ms, left, "compiled a plugin again for this engine");
                }
                Err(error) => {
                    failed.push(*digest);
                    tracing::error!(version = %digest, %error, "a plugin does not compile any more");
                }
            }
        }
        if built > 0 || !failed.is_empty() {
            tracing::info!(built, failed = failed.len(), "the artifacts of plugins are up to date");
        }
        failed
    }

    /// All versions of all plugins, without repetition: those in use come first.
    fn versions_in_order(&self) -> Vec<Digest> {
        let snapshot = self.snapshot();
        let running = snapshot.connections.values().flat_map(|connection| connection.plugins());
        let running = running.map(Plugin::digest);
        let stored = snapshot.documents.plugins.all().flat_map(|plugin| &plugin.versions);
        let mut seen = BTreeSet::new();
        running.chain(stored.map(|version| version.digest)).filter(|digest| seen.insert(*digest)).collect()
    }

    /// Where the code of a version stands.
    pub fn artifact(&self, digest: &Digest) -> Artifact {
        self.sandbox().artifact(digest)
    }

    /// How many versions there are by where their code stands, in the order of [`Artifact::NAMES`].
    pub(crate) fn artifacts(&self) -> [usize; 3] {
        let snapshot = self.snapshot();
        let versions = snapshot.documents.plugins.all().flat_map(|plugin| &plugin.versions);
        let digests: BTreeSet<Digest> = versions.map(|version| version.digest).collect();
        let states: Vec<&str> = digests.iter().map(|digest| self.artifact(digest).name()).collect();
        Artifact::NAMES.map(|name| states.iter().filter(|state| **state == name).count())
    }
}

//! `serve --config-dir`: the documents of a folder, applied to the first workspace as a set before the gateway takes a
//! request. They are read as `apply` reads them and applied by the API's own operations. What the folder has no more is
//! deleted, what was changed otherwise is put back; where nothing differs nothing is written. Not here: files (`files`).

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use serde_json::json;

use crate::cli::client::ApiProblem;
use crate::cli::client::ClientError;
use crate::cli::client::segment;
use crate::cli::documents::files;
use crate::cli::documents::files::FileDocument;
use crate::cli::documents::words;
use crate::http::OwnApi;
use crate::http::OwnRefusal;
use crate::node::PreparedNode;

/// The set that they are.
const SET: &str = "config-dir";
/// How often it is planned again, where another node changes something at the same time.
const TRIES_MAX: usize = 8;
const TRY_PAUSE: Duration = Duration::from_millis(250);

/// A folder of documents, read.
#[derive(Debug)]
pub(crate) struct ConfigFolder {
    path: PathBuf,
    read: Vec<FileDocument>,
}

/// A folder that cannot be applied as it is.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadConfigFolder(String);

impl ConfigFolder {
    /// Reads it; nothing is changed.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        Ok(Self { path: path.to_owned(), read: files::read_folder(path)? })
    }

    /// Makes the first workspace what it says: all of it or nothing. Answers what has a new key or secret, which nobody
    /// is shown again.
    pub(crate) async fn apply(&self, node: &PreparedNode) -> anyhow::Result<Vec<Value>> {
        let snapshot = node.control().snapshot().clone();
        let workspace = snapshot.documents.first_workspace().context("there is a workspace")?.id;
        let folder = self.path.display();
        if self.read.is_empty() {
            if snapshot.documents.sets.named(workspace, SET).is_some() {
                return Err(BadConfigFolder(self.is_empty()).into());
            }
            tracing::warn!(%folder, "there is no document in the folder of --config-dir");
            return Ok(Vec::new());
        }
        let api = node.own_api(workspace);
        let mut tries = 1;
        let done = loop {
            match self.apply_once(&api).await {
                Err(refused) if is_passing(&refused) && tries < TRIES_MAX => tries += 1,
                outcome => break outcome.map_err(|refused| self.fault(refused))?,
            }
            tokio::time::sleep(TRY_PAUSE).await;
        };
        tracing::info!(%folder, says = %words::word(&done["says"]), "the documents of the folder are in force");
        let is_new = |document: &&Value| !document["key"].is_null() || !document["secret"].is_null();
        Ok(words::list(&done["documents"]).iter().filter(is_new).cloned().collect())
    }

    async fn apply_once(&self, api: &OwnApi) -> Result<Value, OwnRefusal> {
        let documents: Vec<&Value> = self.read.iter().map(|found| &found.document).collect();
        let wanted = json!({"documents": documents, "set": SET, "prune": true});
        let plan = api.post("/v1/config/plans", &wanted).await?;
        if words::is_empty(&plan) {
            return Ok(plan);
        }
        api.post(&format!("/v1/config/plans/{}/apply", segment(words::word(&plan["id"]))), &Value::Null).await
    }

    fn is_empty(&self) -> String {
        let folder = self.path.display();
        format!(
            "there is no document in {folder}, and everything that was applied from it would be deleted; if that is \
             meant, start without --config-dir and delete it"
        )
    }

    /// Every fault with the file that has it.
    fn fault(&self, refused: OwnRefusal) -> anyhow::Error {
        let is_passing = is_passing(&refused);
        let OwnRefusal { status, problem } = refused;
        let is_many = words::list(&problem["errors"]).iter().any(|fault| fault["pointer"] == "/max_deletes");
        let error =
            ClientError::Problem(ApiProblem { status, kind: kind_of(&problem).to_owned(), body: problem });
        let mut text = format!("{}: {:#}", self.path.display(), words::fault(&error, &self.read));
        if is_many {
            text.push_str(&format!(
                "\n  start without --config-dir, and once: hookmill apply -f {} --set {SET} --prune --max-deletes N",
                self.path.display()
            ));
        }
        // What is the gateway's own trouble is no fault of the folder.
        if is_passing || status >= 500 { anyhow::anyhow!(text) } else { BadConfigFolder(text).into() }
    }
}

/// What has keys or secrets that are shown once, for people.
pub(crate) fn shown_once(made: &[Value]) -> String {
    made.iter().map(words::made).collect()
}

/// Somebody else was faster, or the store is away for a moment.
fn is_passing(refused: &OwnRefusal) -> bool {
    kind_of(&refused.problem) == "plan-stale" || refused.status == 503
}

fn kind_of(problem: &Value) -> &str {
    words::word(&problem["type"]).rsplit('/').next().unwrap_or_default()
}

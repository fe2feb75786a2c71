//! Looks at a plugin exactly as a gateway does at its upload: the same scan, the same compiler in a
//! process of its own, the same limits. In a folder that is gone afterwards.

use std::env;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::Value;
use serde_json::json;

use crate::cli::plugin::build;
use crate::cli::plugin::report;
use crate::config::from_environment;
use crate::domain::grant::Grants;
use crate::domain::id::WorkspaceId;
use crate::domain::units::rounded_size;
use crate::sandbox::Admitted;
use crate::sandbox::Compiler;
use crate::sandbox::Instances;
use crate::sandbox::Plugin;
use crate::sandbox::Refusal;
use crate::sandbox::Sandbox;
use crate::sandbox::SandboxOptions;

/// Bytes of a plugin from which on a person should know why nothing happens.
const SLOW_BYTES: usize = 4 << 20;

/// The environment's name of the setting `plugins.code_cache`, which is the user's and not only a gateway's.
const CODE_CACHE: &str = "HOOKMILL_PLUGINS_CODE_CACHE";

/// There is but one here.
const ALONE: WorkspaceId = WorkspaceId::from_bits(0);

/// A sandbox for as long as a command runs.
#[derive(Debug)]
pub(in crate::cli::plugin) struct Examiner {
    // Before the folder: its threads end before that goes.
    pub(in crate::cli::plugin) sandbox: Sandbox,
    _folder: Folder,
}

impl Examiner {
    /// With this program as the compiler.
    pub(in crate::cli::plugin) fn new() -> anyhow::Result<Self> {
        let exe = env::current_exe().context("find this program's own file")?;
        Self::with(Compiler::Child(exe))
    }

    pub(in crate::cli::plugin) fn with(compiler: Compiler) -> anyhow::Result<Self> {
        let folder = Folder::new()?;
        let mut options = SandboxOptions::new(folder.0.clone(), compiler, 1);
        options.code_cache = from_environment(CODE_CACHE).filter(|path| !path.is_empty()).map(PathBuf::from);
        let sandbox = Sandbox::new(options).context("set up a sandbox")?;
        Ok(Self { sandbox, _folder: folder })
    }

    /// The plugin of these bytes, with all it wants to be granted, and what was learnt at its admission.
    pub(in crate::cli::plugin) async fn plugin(
        &self,
        bytes: Vec<u8>,
    ) -> anyhow::Result<Result<(Plugin, Admitted), Refusal>> {
        let admitted = match self.admit(bytes).await {
            Ok(admitted) => admitted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let grants = Grants::among(&admitted.imports);
        let plugin = self.sandbox.load(ALONE, &admitted.digest, grants).await?;
        Ok(Ok((plugin, admitted)))
    }

    pub(in crate::cli::plugin) async fn admit(&self, bytes: Vec<u8>) -> Result<Admitted, Refusal> {
        if bytes.len() > SLOW_BYTES {
            report::talk(
                "compiling, as the gateway will once; with an interpreter in it, that takes half a minute",
            );
        }
        self.sandbox.admit(bytes.into()).await
    }
}

/// A folder of this user's alone.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let name = format!("hookmill-plugin-{}-{:016x}", std::process::id(), fastrand::u64(..));
        let path = env::temp_dir().join(name);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The bytes of a plugin: those of the file, or else of the project in the working directory, built.
pub(crate) fn bytes(file: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    let path = match file {
        Some(file) if file.is_dir() => build::build(file)?.path,
        Some(file) => file.to_owned(),
        None => {
            let built = build::build(Path::new("."))?;
            report::talk(&format!("built {}  {}", built.path.display(), rounded_size(built.size)));
            built.path
        }
    };
    fs::read(&path).with_context(|| format!("read {}", path.display()))
}

/// The version that an upload of these bytes would be.
pub(crate) async fn digest_of(bytes: Vec<u8>) -> anyhow::Result<String> {
    match Examiner::new()?.admit(bytes).await {
        Ok(admitted) => Ok(admitted.digest.to_string()),
        Err(refusal) => anyhow::bail!("turned down: {}", refusal.detail),
    }
}

/// Where an event's instance comes from, which its price depends on.
pub(in crate::cli::plugin) fn instance(admitted: &Admitted) -> String {
    match &admitted.instances {
        Instances::PutBack => "put back after each event".to_owned(),
        Instances::Made { because } => format!("made for each event: {because}"),
    }
}

/// What was learnt, as the API says it.
pub(in crate::cli::plugin) fn as_json(admitted: &Admitted) -> Value {
    json!({
        "ok": true,
        "name": admitted.name,
        "version": admitted.version,
        "digest": admitted.digest,
        "bytes": admitted.size,
        "tier": admitted.tier,
        "put_back": admitted.instances == Instances::PutBack,
        "instance": instance(admitted),
        "imports": admitted.imports,
        "headers": admitted.headers_wanted,
        "batch": admitted.batch,
        "warnings": admitted.warnings,
        "manifest": serde_json::from_str(&admitted.manifest_json).unwrap_or(Value::Null),
    })
}

//! The path of an upload, from bytes that may be anything to a stored module that kept its own
//! word. Not here: who may upload, names and versions.

use bytes::Bytes;

use crate::domain::grant::Grant;
use crate::domain::grant::Grants;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;
use crate::domain::step_grants::StepGrants;
use crate::sandbox::admission::examples;
use crate::sandbox::admission::manifest::Manifest;
use crate::sandbox::artifacts::files;
use crate::sandbox::artifacts::files::ArtifactFiles;
use crate::sandbox::artifacts::files::Temporary;
use crate::sandbox::error::Refusal;
use crate::sandbox::error::RefusalCode;
use crate::sandbox::error::SandboxError;
use crate::sandbox::module::contract;
use crate::sandbox::module::scan;
use crate::sandbox::plugin::Plugin;
use crate::sandbox::run::pool::Compiled;
use crate::sandbox::sandbox::Sandbox;

/// A module that was taken and is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Of the bytes as they were uploaded.
    pub digest: Digest,
    /// Interfaces it imports, as `log`; sorted.
    pub imports: Vec<String>,
    /// Its manifest as it gave it: JSON, checked.
    pub manifest_json: String,
    /// The manifest's name.
    pub name: String,
    /// The manifest's version.
    pub version: String,
    /// Headers the manifest asks for, lower case.
    pub headers_wanted: Vec<String>,
    /// Hosts and secrets that the manifest asks for.
    pub wants: StepGrants,
    /// Whether the manifest asks that events which wait share an instance.
    pub batch: bool,
    /// What the manifest warns of.
    pub warnings: Vec<String>,
    /// The contract's major version it speaks.
    pub abi: u32,
    /// Bytes that were uploaded.
    pub size: u64,
    /// The kind of guest: `native`, or `interpreted` for what brings an interpreter along.
    pub tier: &'static str,
    /// Where the instance comes from that an event meets.
    pub instances: Instances,
}

/// Where the instance comes from that an event meets, if nothing is granted beyond what the plugin uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instances {
    /// It was there, and was put back to where it began, which costs an interpreter less than to make one.
    PutBack,
    /// It is made for each event.
    Made {
        /// For people.
        because: String,
    },
}

impl Instances {
    fn of(code: &Compiled, grants: Grants) -> Self {
        let because = match code.is_put_back() {
            Ok(()) if grants.is_empty() => return Self::PutBack,
            Err(why) if grants.is_empty() => why.to_string(),
            _ => {
                let names: Vec<_> = grants.iter().map(Grant::name).collect();
                let noun = if names.len() == 1 { "grant" } else { "grants" };
                format!("it uses the {noun} {}", names.join(", "))
            }
        };
        Self::Made { because }
    }
}

/// No workspace: an upload belongs to one only when it was taken.
const NOBODY: WorkspaceId = WorkspaceId::from_bits(0);

impl Sandbox {
    /// Takes a module in: scans it, compiles it, asks it for its manifest and runs its examples,
    /// then stores it for good, on the disk before this returns. Taking the same bytes twice is
    /// fine. Needs a runtime with time and input/output.
    pub async fn admit(&self, bytes: Bytes) -> Result<Admitted, Refusal> {
        let size = bytes.len() as u64;
        small_enough(size, self.module_bytes_max())?;
        let module = self.builds().files().temporary();
        let scanned = self.builds().queue().blocking(move || -> Result<_, Refusal> {
            let scan = scan::scan(&bytes)?;
            module.write(&bytes)?;
            Ok((scan, files::digest(&bytes), module))
        });
        let (scan, digest, module) = scanned.await??;

        let place = self.builds().place(scan.tier);
        small_enough(size, place.options.limits.module_bytes)?;
        let pool = place.pool()?;
        let written = self.builds().compile(module.path(), &pool).await?;
        let code = self.builds().mapped(&pool, written.code.path().to_owned()).await??;
        // Here it may have all it imports: it is asked about itself and shown its own examples, no event.
        let grants = Grants::among(&scan.imports);
        let ready = pool.ready(&code, NOBODY, grants)?;
        let plugin = Plugin::new(digest, ready, pool.queue().clone()).in_passing();
        let manifest_json = asked(&plugin).await?;
        let manifest = Manifest::parse(&manifest_json)
            .map_err(|problems| Refusal::new(RefusalCode::BadManifest, problems.join("\n")))?;
        examples::run(&plugin, &manifest.examples).await?;

        self.store(digest, module, written, &place.fingerprint).await?;
        Ok(Admitted {
            digest,
            imports: scan.imports,
            manifest_json,
            name: manifest.name,
            version: manifest.version,
            headers_wanted: manifest.headers,
            wants: manifest.wants,
            batch: manifest.batch,
            warnings: manifest.warnings,
            abi: contract::ABI,
            size,
            tier: scan.tier.name,
            instances: Instances::of(&code, grants),
        })
    }

    /// The code first: a module that is there has its code, save that of another engine.
    async fn store(
        &self,
        digest: Digest,
        module: Temporary,
        code: ArtifactFiles,
        fingerprint: &str,
    ) -> Result<(), SandboxError> {
        let files = self.builds().files().clone();
        let artifact = files.artifact(&digest, fingerprint);
        let kept = self.builds().queue().blocking(move || {
            files.keep_artifact(code, &artifact)?;
            module.keep(&files.module(&digest))
        });
        kept.await??;
        self.builds().admitted(&digest);
        Ok(())
    }
}

fn small_enough(size: u64, most: u64) -> Result<(), Refusal> {
    if size <= most {
        return Ok(());
    }
    let detail = format!("{size} bytes of at most {most}; strip debug information and optimise for size");
    Err(Refusal::new(RefusalCode::TooLarge, detail))
}

async fn asked(plugin: &Plugin) -> Result<String, Refusal> {
    plugin
        .ask_manifest()
        .await
        .map_err(|fault| Refusal::faulted("while it was asked for its manifest", fault))
}

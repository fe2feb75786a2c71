//! Modules of plugins that documents name by `file`: uploaded where the gateway has them not, and put down as versions. Not
//! here: what else stands elsewhere (`files`).

use anyhow::Context as _;
use serde_json::Value;

use crate::cli::client::ApiClient;
use crate::cli::client::segment;
use crate::cli::documents::files::FileDocument;
use crate::cli::plugin;

/// What becomes of modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Modules {
    /// They are only looked at.
    LookedAt,
    /// They are uploaded; a version that is there already is the same one.
    Uploaded,
}

/// Puts a version in the place of each `file` of a plugin's document.
pub(super) async fn put_versions(
    client: &ApiClient,
    read: &mut [FileDocument],
    modules: Modules,
) -> anyhow::Result<()> {
    for found in read {
        let Some(members) = found.document.as_object_mut() else { continue };
        if members.get("resource") != Some(&Value::from("plugin")) || members.contains_key("version") {
            continue;
        }
        let Some(Value::String(file)) = members.get("file") else { continue };
        let path = found.folder.join(file);
        let bytes =
            std::fs::read(&path).with_context(|| format!("{}: read {}", found.place, path.display()))?;
        let version = match (modules, members.get("name").and_then(Value::as_str)) {
            (Modules::Uploaded, Some(name)) => {
                let path = format!("v1/plugins/{}/versions", segment(name));
                let answer = client.post_bytes(&path, "application/wasm", bytes.into()).await;
                answer.with_context(|| format!("{}: upload {file}", found.place))?["digest"].clone()
            }
            _ => plugin::digest_of(bytes).await.with_context(|| format!("{}: {file}", found.place))?.into(),
        };
        members.remove("file");
        members.insert("version".to_owned(), version);
    }
    Ok(())
}

//! `hookmill import`: what other products have set up, as documents for `hookmill apply`, and what became of each thing.
//! Needs no gateway. Not here: what things come to (`import`).

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::documents::files;
use crate::cli::text::print;
use crate::cli::text::talk;
use crate::import::ImportFate;
use crate::import::ImportFrom;
use crate::import::Imported;

pub(crate) const HELP: &str = "Documents go to stdout, what became of each thing to stderr:

  hookmill import openapi api.yaml > types.yaml
  hookmill import hookdeck connections.json > all.yaml && hookmill apply -f all.yaml

What cannot be carried over exactly is paused or left out, and the report says what to do. Secrets are never copied:
{$env: NAME} stands where one is needed.";

/// Flags of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// What the file is from.
    #[arg(value_parser = PossibleValuesParser::new(ImportFrom::ALL.map(|(name, _)| name)))]
    from: String,
    /// A file of JSON or YAML; `-` is stdin.
    file: PathBuf,
    /// Print documents and report as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Reads, and prints what it comes to.
pub(crate) fn run(args: &ImportArgs) -> Exit {
    match import(args) {
        Ok((imported, text)) => {
            if !args.json {
                report(&imported);
            }
            print(&text)
        }
        Err(error) => {
            talk!("hookmill: {error:#}");
            Exit::Failed
        }
    }
}

fn import(args: &ImportArgs) -> anyhow::Result<(Imported, String)> {
    let from =
        ImportFrom::named(&args.from).ok_or_else(|| anyhow::anyhow!("`{}` is not known", args.from))?;
    let read = files::one(&args.file)?;
    let imported = from.import(&read).map_err(|why| anyhow::anyhow!("{}: {why}", args.file.display()))?;
    let text = match args.json {
        true => format!("{}\n", json!({"documents": imported.documents, "notes": notes(&imported)})),
        false => files::write(&imported.documents)?,
    };
    Ok((imported, text))
}

fn notes(imported: &Imported) -> Vec<serde_json::Value> {
    let note = |note: &crate::import::ImportNote| json!({"at": note.at, "fate": note.fate.name(), "detail": note.detail});
    imported.notes.iter().map(note).collect()
}

/// What is not exact, and how much is.
fn report(imported: &Imported) {
    for note in imported.notes.iter().filter(|note| note.fate != ImportFate::Exact) {
        talk!("{}: {} ({})", note.fate.name(), note.detail, note.at);
    }
    let count = |fate| imported.notes.iter().filter(|note| note.fate == fate).count();
    talk!(
        "{} documents; {} things are exact, {} differ, {} cannot be carried over",
        imported.documents.len(),
        count(ImportFate::Exact),
        count(ImportFate::Approximated),
        count(ImportFate::Impossible)
    );
}

//! `map eject`: the mapping read, the project written. Not here: its Rust (`shape::eject`).

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::bail;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::map::command::all_faults;
use crate::cli::map::eject::examples;
use crate::cli::map::eject::examples::Examples;
use crate::cli::map::eject::given;
use crate::cli::map::eject::given::EjectSample;
use crate::cli::map::eject::prove;
use crate::cli::map::eject::stored::MappedEvent;
use crate::cli::map::input::MapInput;
use crate::cli::plugin;
use crate::cli::text::print;
use crate::cli::text::talk;
use crate::shape::Mapping;
use crate::shape::eject::eject;

/// Arguments of `map eject`.
#[derive(Debug, clap::Args)]
pub(crate) struct EjectArgs {
    /// The mapping: a file, - for stdin, or JSON.
    #[arg(required_unless_present = "connection", value_parser = |text: &str| Ok::<_, std::convert::Infallible>(MapInput::from(text)))]
    document: Option<MapInput>,
    /// The plugin's name: a-z, 0-9, - and _, a letter first.
    #[arg(long)]
    name: String,
    /// The folder to make [default: the name].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Payloads that become tests, each a file of JSON.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    events: Vec<PathBuf>,
    /// A header of these events, `name: value`. May be given several times.
    #[arg(long = "header", short = 'H', value_name = "HEADER")]
    headers: Vec<String>,
    /// The type of these events.
    #[arg(long, value_name = "TYPE", default_value = "")]
    event_type: String,
    /// Take the mapping of this connection, by id or name, and its newest events as tests.
    #[arg(long, value_name = "CONNECTION", conflicts_with = "document", requires = "key")]
    connection: Option<String>,
    /// The number of the mapping's step, from 0 [default: the only mapping].
    #[arg(long, value_name = "N", requires = "connection")]
    step: Option<usize>,
    /// At most so many of its events become tests.
    #[arg(long, value_name = "N", default_value_t = 20, requires = "connection")]
    examples: usize,
    /// Then build it, upload it as a version that no connection runs, and compare it with the mapping.
    #[arg(long, requires = "connection")]
    prove: bool,
    /// Compare over the newest so many events.
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "prove")]
    last: u64,
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may read; with --prove, one that may write.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true)]
    key: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &EjectArgs) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let made = runtime.context("start").and_then(|runtime| {
        let (folder, mapped) = runtime.block_on(write_project(args))?;
        Ok((runtime, folder, mapped))
    });
    let (runtime, folder, mapped) = match made {
        Ok(made) => made,
        Err(error) => {
            talk!("hookmill: {error:#}");
            return Exit::Failed;
        }
    };
    let shown = folder.display();
    match (mapped, &args.connection) {
        (Some(mapped), Some(connection)) if args.prove => {
            let order =
                prove::ProvingOrder { folder: &folder, name: &args.name, connection, last: args.last };
            let proof = async { prove::prove(&client(args)?, &order, &mapped, false).await };
            crate::cli::compare::exit(runtime.block_on(proof))
        }
        (_, connection) => {
            let of = connection.as_deref().unwrap_or("NAME");
            talk!(
                "next:\n  cd {shown}\n  cargo test               # what the mapping made of the events\n  \
                 hookmill map prove . --connection '{of}'   # builds, and compares with the mapping over stored events"
            );
            print(&format!("{shown}\n"))
        }
    }
}

fn client(args: &EjectArgs) -> anyhow::Result<ApiClient> {
    Ok(ApiClient::new(&args.url, args.key.as_deref())?)
}

/// Writes it; the folder, and the connection that the mapping is from.
async fn write_project(args: &EjectArgs) -> anyhow::Result<(PathBuf, Option<MappedEvent>)> {
    let mut samples = given::samples(&args.events, &args.headers, &args.event_type)?;
    let (text, from, mapped) = match (&args.document, &args.connection) {
        (Some(document), _) => (String::from_utf8(document.read()?)?, document.name(), None),
        (None, Some(connection)) => {
            let client = client(args)?;
            let mapped = MappedEvent::read(&client, connection, args.step).await?;
            samples.extend(stored(args, &client, &mapped).await?);
            (mapped.mapping()?, format!("connection {connection}"), Some(mapped))
        }
        (None, None) => bail!("give a mapping, or --connection"),
    };
    let mapping =
        Mapping::compile(text.as_bytes()).map_err(|faults| all_faults("mapping", &from, &faults))?;
    let ejected = eject(&mapping).map_err(|faults| {
        let lines: String = faults.iter().map(|fault| format!("\n  {fault}")).collect();
        anyhow::anyhow!("the mapping in {from} cannot become a plugin that does the same:{lines}")
    })?;
    let Examples { files: examples, left_out } = examples::of(&mapping, &samples, &ejected.headers)?;
    let folder = args.dir.clone().unwrap_or_else(|| Path::new(&args.name).to_owned());
    let readme = include_str!("template/README.md.txt").replace("{{NAME}}", &args.name);
    let count = examples.len();
    let mut files = ejected.files;
    files.extend(examples);
    for (path, text) in [
        ("Cargo.toml", plugin::cargo_manifest(&args.name, &ejected.dependencies)),
        ("README.md", readme),
        (".gitignore", "/target\n".to_owned()),
        ("mapping.json", text),
    ] {
        files.push((path.to_owned(), text));
    }
    plugin::create_from(&args.name, &folder, &files)?;
    talk!("made {} with {count} examples", folder.display());
    if left_out > 0 {
        talk!("{left_out} further events had no room: a plugin carries 50 examples of 200 KiB together");
    }
    Ok((folder, mapped))
}

async fn stored(
    args: &EjectArgs,
    client: &ApiClient,
    mapped: &MappedEvent,
) -> anyhow::Result<Vec<EjectSample>> {
    if mapped.is_first() {
        return mapped.samples(client, args.examples).await;
    }
    talk!(
        "no examples: a step before the mapping changes the payload, so that stored events are not what it sees; \
         give some with --events"
    );
    Ok(Vec::new())
}

//! The commands: arguments in, `shape` called, the result printed.
//! Not here: reading (`input`), how results look (`show`).

use anyhow::Context as _;
use anyhow::bail;

use crate::cli::Exit;
use crate::cli::map::compare;
use crate::cli::map::eject;
use crate::cli::map::help;
use crate::cli::map::input::MapInput;
use crate::cli::map::show;
use crate::cli::text::print;
use crate::cli::text::talk;
use crate::shape::Budget;
use crate::shape::Document;
use crate::shape::Filter;
use crate::shape::HintFault;
use crate::shape::Input;
use crate::shape::Mapping;
use crate::shape::SpecFault;
use crate::shape::paths;
use crate::shape::suggest;

/// Arguments of `map`.
#[derive(Debug, clap::Args)]
#[command(after_help = help::LANGUAGE)]
pub(crate) struct MapArgs {
    #[command(subcommand)]
    command: MapCommand,
}

#[derive(Debug, clap::Subcommand)]
enum MapCommand {
    /// Print what a mapping makes of a payload.
    Run(OnPayload),
    /// Print for each field of a mapping, or each clause of a filter, what it saw.
    Explain(OnPayload),
    /// Print which paths of sample payloads fit each field of a wanted output.
    Suggest(Suggest),
    /// Print every path of sample payloads with its types.
    Paths(Samples),
    /// Run a mapping over stored events of a gateway and compare with what was really sent.
    #[command(after_help = crate::cli::compare::HELP)]
    Compare(compare::MapCompareArgs),
    /// Write a plugin project that does what a mapping does, with tests from real events.
    #[command(after_help = eject::HELP, disable_version_flag = true)]
    Eject(eject::EjectArgs),
    /// Build an ejected project and compare it with its mapping over the stored events of a gateway.
    #[command(after_help = eject::PROVE_HELP, disable_version_flag = true)]
    Prove(eject::ProveArgs),
}

/// A mapping or filter and what to try it on.
#[derive(Debug, clap::Args)]
struct OnPayload {
    /// The mapping (or filter): a file, - for stdin, or JSON.
    #[arg(value_parser = |text: &str| Ok::<_, std::convert::Infallible>(MapInput::from(text)))]
    document: MapInput,
    /// The payload: a file, - for stdin, or JSON that begins with {.
    #[arg(default_value = "-", value_parser = |text: &str| Ok::<_, std::convert::Infallible>(MapInput::from(text)))]
    payload: MapInput,
    /// The document is a filter.
    #[arg(long)]
    filter: bool,
    /// A header of the event, `name: value`. May be given several times.
    #[arg(long = "header", short = 'H', value_name = "HEADER")]
    headers: Vec<String>,
    /// The event's type.
    #[arg(long, value_name = "TYPE", default_value = "")]
    event_type: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Suggest {
    /// An example of the wanted output or a JSON Schema of it: a file, - for stdin, or JSON.
    #[arg(value_parser = |text: &str| Ok::<_, std::convert::Infallible>(MapInput::from(text)))]
    target: MapInput,
    #[command(flatten)]
    samples: Samples,
}

#[derive(Debug, clap::Args)]
struct Samples {
    /// Payloads: files, - for stdin, or JSON that begins with {.
    #[arg(default_value = "-", value_parser = |text: &str| Ok::<_, std::convert::Infallible>(MapInput::from(text)))]
    samples: Vec<MapInput>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs one of them.
pub(crate) fn run(args: &MapArgs) -> Exit {
    let text = match &args.command {
        MapCommand::Run(on) if on.filter => test(on),
        MapCommand::Run(on) => apply(on),
        MapCommand::Explain(on) => explain(on),
        MapCommand::Suggest(suggest) => suggestions(suggest),
        MapCommand::Paths(samples) => all_paths(samples),
        MapCommand::Compare(args) => return compare::run(args),
        MapCommand::Eject(args) => return eject::run(args),
        MapCommand::Prove(args) => return eject::run_prove(args),
    };
    match text {
        Ok(text) => print(&text),
        Err(error) => {
            talk!("hookmill: {error:#}");
            Exit::Failed
        }
    }
}

pub(super) fn all_faults(what: &str, given: &str, faults: &[SpecFault]) -> anyhow::Error {
    let lines: String = faults.iter().map(|fault| format!("\n  {fault}")).collect();
    anyhow::anyhow!("the {what} in {given} cannot be used:{lines}")
}

/// Lower-case names with their values.
pub(super) fn headers(lines: &[String]) -> anyhow::Result<Vec<(String, String)>> {
    let split = |line: &String| match line.split_once(':') {
        Some((name, value)) => Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned())),
        None => bail!("--header: expected `name: value`, not `{line}`"),
    };
    lines.iter().map(split).collect()
}

/// Parses the payload and hands it to `work` as an event.
fn with_input<T>(on: &OnPayload, work: impl FnOnce(&Input<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let (payload, headers) = (on.payload.read()?, headers(&on.headers)?);
    let document =
        Document::parse(&payload).with_context(|| format!("the payload in {}", on.payload.name()))?;
    work(&Input { headers: &headers, event_type: &on.event_type, ..Input::of(&document) })
}

fn mapping(on: &OnPayload) -> anyhow::Result<Mapping> {
    Mapping::compile(&on.document.read()?)
        .map_err(|faults| all_faults("mapping", &on.document.name(), &faults))
}

fn filter(on: &OnPayload) -> anyhow::Result<Filter> {
    Filter::compile(&on.document.read()?).map_err(|faults| all_faults("filter", &on.document.name(), &faults))
}

fn apply(on: &OnPayload) -> anyhow::Result<String> {
    let mapping = mapping(on)?;
    with_input(on, |input| {
        let mut out = Vec::new();
        mapping.apply(input, &mut Budget::default(), &mut out)?;
        out.push(b'\n');
        Ok(String::from_utf8(out)?)
    })
}

fn test(on: &OnPayload) -> anyhow::Result<String> {
    let filter = filter(on)?;
    with_input(on, |input| Ok(show::decision(&filter.test(input, &mut Budget::default())?, on.json)))
}

fn explain(on: &OnPayload) -> anyhow::Result<String> {
    if on.filter {
        let filter = filter(on)?;
        return with_input(on, |input| {
            Ok(show::clauses(&filter.explain(input, &mut Budget::default())?, on.json))
        });
    }
    let mapping = mapping(on)?;
    with_input(on, |input| Ok(show::fields(&mapping.explain(input, &mut Budget::default())?, on.json)))
}

fn read_all(samples: &Samples) -> anyhow::Result<Vec<Vec<u8>>> {
    samples.samples.iter().map(MapInput::read).collect()
}

fn of_sample(samples: &Samples, target: Option<&MapInput>, fault: &HintFault) -> anyhow::Error {
    let HintFault::Sample(fault) = fault else { return anyhow::anyhow!("{fault}") };
    let given = samples.samples.get(fault.sample).or(target);
    anyhow::anyhow!("{}: {}", given.map(MapInput::name).unwrap_or_default(), fault.fault)
}

/// Nobody else waits for what somebody computes for himself.
fn ample() -> Budget {
    Budget::new(u64::MAX, u64::MAX)
}

fn all_paths(samples: &Samples) -> anyhow::Result<String> {
    let bodies = read_all(samples)?;
    let bodies: Vec<&[u8]> = bodies.iter().map(Vec::as_slice).collect();
    let found = paths(&bodies, &mut ample()).map_err(|fault| of_sample(samples, None, &fault))?;
    Ok(show::paths(&found, samples.json))
}

fn suggestions(args: &Suggest) -> anyhow::Result<String> {
    let (bodies, target) = (read_all(&args.samples)?, args.target.read()?);
    let bodies: Vec<&[u8]> = bodies.iter().map(Vec::as_slice).collect();
    let found = suggest(&bodies, &target, &mut ample());
    let found = found.map_err(|fault| of_sample(&args.samples, Some(&args.target), &fault))?;
    Ok(show::suggestions(&found, args.samples.json))
}

//! `map compare`: runs a connection's steps with another mapping over events a gateway has stored,
//! and tells what would be delivered differently.

use std::collections::BTreeMap;

use anyhow::Context as _;
use anyhow::bail;
use serde_json::Value;
use serde_json::value::RawValue;
use serde_json::value::to_raw_value;

use crate::cli::Exit;
use crate::cli::client::segment;
use crate::cli::compare;
use crate::cli::compare::Selection;
use crate::cli::map::input::MapInput;

/// Arguments of `map compare`.
#[derive(Debug, clap::Args)]
pub(super) struct MapCompareArgs {
    /// The mapping: a file, - for stdin, or JSON.
    #[arg(value_parser = |text: &str| Ok::<_, std::convert::Infallible>(MapInput::from(text)))]
    document: MapInput,
    /// The number of the step it takes the place of, from 0 [default: the only mapping].
    #[arg(long, value_name = "N")]
    step: Option<usize>,
    /// The document is a filter and takes the place of one.
    #[arg(long)]
    filter: bool,
    #[command(flatten)]
    selection: Selection,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &MapCompareArgs) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.context("start").and_then(|runtime| runtime.block_on(try_run(args)));
    compare::exit(outcome)
}

async fn try_run(args: &MapCompareArgs) -> anyhow::Result<Exit> {
    let client = args.selection.client()?;
    // Kept as it is written: numbers have more digits than a double.
    let document: Box<RawValue> = serde_json::from_slice(&args.document.read()?)
        .with_context(|| format!("{} is not JSON", args.document.name()))?;
    let connection = client.get(&format!("v1/connections/{}", segment(args.selection.connection()))).await?;
    let steps = connection["steps"].as_array().cloned().unwrap_or_default();
    let kind = if args.filter { "filter" } else { "mapping" };
    let at = place(&steps, kind, args.step)?;
    let mut tried = steps.iter().map(to_raw_value).collect::<Result<Vec<_>, _>>()?;
    tried[at] = replaced(&steps[at], kind, document)?;
    let mut request: BTreeMap<String, Box<RawValue>> = BTreeMap::new();
    for (name, value) in args.selection.request()?.as_object().into_iter().flatten() {
        request.insert(name.clone(), to_raw_value(value)?);
    }
    request.insert("steps".to_owned(), to_raw_value(&tried)?);
    compare::follow(&client, serde_json::to_string(&request)?, args.json).await
}

/// Which step the document takes the place of.
pub(super) fn place(steps: &[Value], kind: &str, wanted: Option<usize>) -> anyhow::Result<usize> {
    if let Some(wanted) = wanted {
        if wanted >= steps.len() {
            bail!("--step {wanted}: the connection has {} steps, counted from 0", steps.len());
        }
        return Ok(wanted);
    }
    let places: Vec<usize> = (0..steps.len()).filter(|at| !steps[*at][kind].is_null()).collect();
    match places.as_slice() {
        [only] => Ok(*only),
        [] => bail!("the connection has no {kind}; --step says which step to replace"),
        several => {
            bail!("the connection has several steps that are a {kind}: {several:?}; choose one with --step")
        }
    }
}

/// The step with the document; what follows on a fault stays.
fn replaced(step: &Value, kind: &str, document: Box<RawValue>) -> serde_json::Result<Box<RawValue>> {
    let on_error = step.get("on_error").map(to_raw_value).transpose()?;
    let fields = [(kind, Some(document)), ("on_error", on_error)];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    to_raw_value(&fields.collect::<BTreeMap<_, _>>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_only_one_is_meant_unless_said() {
        let check = |steps: Value, wanted, expected: Result<usize, &str>| {
            let found =
                place(steps.as_array().unwrap(), "mapping", wanted).map_err(|error| error.to_string());
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
                (found, expected) => panic!("{found:?}, not {expected:?}"),
            }
        };
        let (filter, mapping) = (json!({"filter": {}}), json!({"mapping": {}}));
        check(json!([filter, mapping]), None, Ok(1));
        check(json!([filter, mapping]), Some(0), Ok(0));
        check(json!([filter]), None, Err("no mapping"));
        check(json!([mapping, filter, mapping]), None, Err("[0, 2]"));
        check(json!([mapping]), Some(1), Err("has 1 steps"));
    }
}

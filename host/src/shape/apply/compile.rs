//! Reads `$apply`: a name, or an object of one name and its argument.
//! Not here: running them (`run`).

use crate::domain::suggest::suggest;
use crate::shape::apply::codec;
use crate::shape::apply::date::DateForm;
use crate::shape::apply::date::DateStep;
use crate::shape::apply::date::Zone;
use crate::shape::apply::step::ApplyStep;
use crate::shape::apply::step::ListStep;
use crate::shape::apply::step::NumberStep;
use crate::shape::apply::step::TextStep;
use crate::shape::number::Decimal;
use crate::shape::number::Rounding;
use crate::shape::query::compile_regex;
use crate::shape::spec;
use crate::shape::spec::SpecFaults;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;
use crate::shape::value::Value;

const NAMES: &[&str] = &[
    "trim",
    "lowercase",
    "uppercase",
    "title",
    "length",
    "round",
    "floor",
    "ceil",
    "abs",
    "add",
    "subtract",
    "multiply",
    "divide",
    "default",
    "join",
    "split",
    "replace",
    "substring",
    "first",
    "last",
    "unique",
    "sort",
    "flatten",
    "sum",
    "min",
    "max",
    "count",
    "lookup",
    "to_json",
    "from_json",
    "date",
    "base64",
    "unbase64",
    "sha256",
    "mask",
    "uuid5",
    "url_encode",
];

/// Longest chain.
const MAX_STEPS: usize = 32;

/// The chain at `pointer`: an array, or one function alone.
pub(crate) fn steps(node: Node<'_>, pointer: &str, faults: &mut SpecFaults) -> Box<[ApplyStep]> {
    if node.kind() != NodeKind::Array {
        return faults.keep(pointer, named(node)).into_iter().collect();
    }
    if node.len() > MAX_STEPS {
        faults.add(pointer, format!("at most {MAX_STEPS} functions can be chained"));
        return Box::default();
    }
    let each = node.elements().enumerate();
    each.filter_map(|(at, one)| faults.keep(&format!("{pointer}/{at}"), named(one))).collect()
}

fn named(node: Node<'_>) -> Result<ApplyStep, String> {
    if let Some(name) = node.as_str() {
        return step(&name, None);
    }
    let mut members = node.members();
    match (members.next(), members.next()) {
        (Some((name, argument)), None) => step(&name, Some(argument)),
        _ => Err(format!(
            "a function is a name such as \"trim\" or an object such as {{\"multiply\": 100}}, not {}",
            spec::seen(node)
        )),
    }
}

/// The function of that name.
pub(crate) fn step(name: &str, argument: Option<Node<'_>>) -> Result<ApplyStep, String> {
    if !NAMES.contains(&name) {
        return Err(match suggest(name, NAMES.iter().copied()) {
            Some(near) => format!("there is no function `{name}`; did you mean `{near}`?"),
            None => format!("there is no function `{name}`; there are {}", NAMES.join(", ")),
        });
    }
    // `{"trim": null}` and `{"trim": true}` say no more than "trim".
    let given = argument.filter(|node| !node.is_null() && node.as_bool() != Some(true));
    if let Some(plain) = plain(name) {
        return match given {
            None => Ok(plain),
            Some(node) => Err(format!("`{name}` takes no argument, but got {}", spec::seen(node))),
        };
    }
    let required = || argument.ok_or_else(|| format!("`{name}` needs an argument: {{\"{name}\": …}}"));
    match name {
        "default" => Ok(ApplyStep::Default(Value::copied(required()?))),
        "lookup" => table(required()?),
        "add" | "subtract" | "multiply" | "divide" => arithmetic(name, required()?),
        "round" => rounding(given),
        "join" => Ok(ApplyStep::List(ListStep::Join(
            given.map_or(Ok(", ".to_owned()), |node| spec::text(node, "`join`"))?.into(),
        ))),
        "split" => split(required()?),
        "replace" => replace(required()?),
        "substring" => substring(required()?),
        "sort" => sort(given),
        "flatten" => {
            Ok(ApplyStep::List(ListStep::Flatten(given.map_or(Ok(1), |node| small(node, name, 16))?)))
        }
        "mask" => Ok(ApplyStep::Text(TextStep::Mask(given.map_or(Ok(4), |node| small(node, name, 1000))?))),
        "uuid5" => namespace(given),
        "url_encode" => url_part(given),
        _ => date(given),
    }
}

fn plain(name: &str) -> Option<ApplyStep> {
    Some(match name {
        "trim" => ApplyStep::Text(TextStep::Trim),
        "lowercase" => ApplyStep::Text(TextStep::Lowercase),
        "uppercase" => ApplyStep::Text(TextStep::Uppercase),
        "title" => ApplyStep::Text(TextStep::Title),
        "base64" => ApplyStep::Text(TextStep::Base64),
        "unbase64" => ApplyStep::Text(TextStep::Unbase64),
        "sha256" => ApplyStep::Text(TextStep::Sha256),
        "floor" => ApplyStep::Number(NumberStep::Round(Rounding::Floor, 0)),
        "ceil" => ApplyStep::Number(NumberStep::Round(Rounding::Ceil, 0)),
        "abs" => ApplyStep::Number(NumberStep::Abs),
        "first" => ApplyStep::List(ListStep::First),
        "last" => ApplyStep::List(ListStep::Last),
        "unique" => ApplyStep::List(ListStep::Unique),
        "sum" => ApplyStep::List(ListStep::Sum),
        "min" => ApplyStep::List(ListStep::Min),
        "max" => ApplyStep::List(ListStep::Max),
        "count" => ApplyStep::List(ListStep::Count),
        "length" => ApplyStep::Length,
        "to_json" => ApplyStep::ToJson,
        "from_json" => ApplyStep::FromJson,
        _ => return None,
    })
}

fn small(node: Node<'_>, name: &str, most: i64) -> Result<usize, String> {
    let number = node.as_i64().filter(|number| (0..=most).contains(number));
    let number = number.and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| format!("`{name}` takes a whole number from 0 to {most}, not {}", spec::seen(node)))
}

fn arithmetic(name: &str, argument: Node<'_>) -> Result<ApplyStep, String> {
    let by = argument.as_number().and_then(Decimal::parse);
    let by = by.ok_or_else(|| format!("`{name}` takes a number, not {}", spec::seen(argument)))?;
    Ok(ApplyStep::Number(match name {
        "add" => NumberStep::Add(by),
        "subtract" => NumberStep::Subtract(by),
        "multiply" => NumberStep::Multiply(by),
        _ if by.is_zero() => return Err("`divide` by 0 has no result".to_owned()),
        _ => NumberStep::Divide(by),
    }))
}

fn rounding(argument: Option<Node<'_>>) -> Result<ApplyStep, String> {
    let places = argument.map_or(Ok(0), |node| small(node, "round", 20))?;
    Ok(ApplyStep::Number(NumberStep::Round(Rounding::Nearest, i32::try_from(places).unwrap_or(0))))
}

fn table(argument: Node<'_>) -> Result<ApplyStep, String> {
    if argument.kind() != NodeKind::Object {
        return Err(format!("`lookup` takes an object, not {}", spec::seen(argument)));
    }
    let rows = argument.members().map(|(name, value)| (name.into(), Value::copied(value)));
    Ok(ApplyStep::Lookup(rows.collect()))
}

fn split(argument: Node<'_>) -> Result<ApplyStep, String> {
    match spec::text(argument, "`split`")? {
        text if text.is_empty() => Err("`split` needs a separator that is not empty".to_owned()),
        text => Ok(ApplyStep::Text(TextStep::Split(text.into()))),
    }
}

fn replace(argument: Node<'_>) -> Result<ApplyStep, String> {
    let usage = "`replace` takes {\"from\": …, \"to\": …}, {\"matching\": …, \"to\": …} or [from, to]";
    let (from, matching, to) = match argument.kind() {
        NodeKind::Array if argument.len() == 2 => (argument.element(0), None, argument.element(1)),
        _ => (argument.get("from"), argument.get("matching"), argument.get("to")),
    };
    let to = spec::text(to.ok_or(usage)?, "what `replace` puts in")?.into();
    match (from, matching) {
        (Some(from), None) => match spec::text(from, "what `replace` looks for")? {
            from if from.is_empty() => Err("`replace` cannot look for an empty string".to_owned()),
            from => Ok(ApplyStep::Text(TextStep::Replace { from: from.into(), to })),
        },
        (None, Some(pattern)) => {
            let pattern = compile_regex(&spec::text(pattern, "`matching`")?)?;
            Ok(ApplyStep::Text(TextStep::ReplaceMatches { pattern, to }))
        }
        _ => Err(usage.to_owned()),
    }
}

fn substring(argument: Node<'_>) -> Result<ApplyStep, String> {
    let (from, to) = match argument.kind() {
        NodeKind::Array => (argument.element(0), argument.element(1)),
        _ => (Some(argument), None),
    };
    let whole = |node: Node<'_>| {
        node.as_i64().ok_or_else(|| "`substring` takes a start, or [start, end], in characters".to_owned())
    };
    let from = whole(from.unwrap_or(argument))?;
    Ok(ApplyStep::Text(TextStep::Substring(from, to.map(whole).transpose()?)))
}

fn sort(argument: Option<Node<'_>>) -> Result<ApplyStep, String> {
    let descending = match argument.map(|node| spec::text(node, "`sort`")).transpose()?.as_deref() {
        None | Some("ascending") => false,
        Some("descending") => true,
        Some(other) => return Err(format!("`sort` takes ascending or descending, not `{other}`")),
    };
    Ok(ApplyStep::List(ListStep::Sort { descending }))
}

fn namespace(argument: Option<Node<'_>>) -> Result<ApplyStep, String> {
    let text = argument.map_or(Ok("url".to_owned()), |node| spec::text(node, "`uuid5`"))?;
    let found = codec::namespace(&text);
    let found = found.ok_or_else(|| format!("`uuid5` takes dns, url, oid, x500 or a UUID, not `{text}`"))?;
    Ok(ApplyStep::Text(TextStep::Uuid5(found)))
}

fn url_part(argument: Option<Node<'_>>) -> Result<ApplyStep, String> {
    let part = argument.map_or(Ok("value".to_owned()), |node| spec::text(node, "`url_encode`"))?;
    let slashes = match &*part {
        "value" => false,
        "path" => true,
        other => return Err(format!("`url_encode` takes value or path, which keeps `/`, not `{other}`")),
    };
    Ok(ApplyStep::Text(TextStep::UrlEncode { slashes }))
}

fn date(argument: Option<Node<'_>>) -> Result<ApplyStep, String> {
    let text = |node: Node<'_>| spec::text(node, "a date form");
    let made = |from, to, zone| Ok(ApplyStep::Date(DateStep { from, to, zone }));
    let Some(argument) = argument else { return made(None, DateForm::Iso, None) };
    if argument.kind() != NodeKind::Object {
        return made(None, DateForm::parse(&text(argument)?)?, None);
    }
    if let Some((other, _)) =
        argument.members().find(|(name, _)| !["from", "to", "timezone"].contains(&&**name))
    {
        return Err(format!("`date` takes `from`, `to` and `timezone`, not `{other}`"));
    }
    let from = argument.get("from").map(|node| DateForm::readable(&text(node)?)).transpose()?;
    let to = argument.get("to").map_or(Ok(DateForm::Iso), |node| DateForm::parse(&text(node)?))?;
    let zone =
        argument.get("timezone").map(|node| Zone::parse(&spec::text(node, "`timezone`")?)).transpose()?;
    made(from, to, zone)
}

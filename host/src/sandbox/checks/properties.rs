//! What every plugin should hold to, tried without a line of code: the same event gives the same result, and no odd
//! value in it brings the plugin down. Not here: the odd values (`mutate`), schemas (`fitting`).

use serde_json::Value;

use crate::domain::plugin::Blame;
use crate::domain::plugin::Fault;
use crate::sandbox::checks::case::Case;
use crate::sandbox::checks::case::answer;
use crate::sandbox::checks::mutate;
use crate::sandbox::plugin::Plugin;

/// Counterexamples that are kept of one property.
const KEPT: usize = 10;

/// What was tried of a property, and where it did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// `deterministic`, `keeps_every_place`, `survives_odd_values`, `fits_schema` or `fits_schema_with_odd_values`.
    pub name: &'static str,
    /// What it says, in words.
    pub claim: String,
    /// How many runs were looked at.
    pub tried: u32,
    /// In how many it did not hold.
    pub broken: u32,
    /// The first of those, in words; and why it could not be tried any further, if so.
    pub counterexamples: Vec<String>,
}

impl Property {
    pub(crate) fn new(name: &'static str, claim: &str) -> Self {
        Self { name, claim: claim.to_owned(), tried: 0, broken: 0, counterexamples: Vec::new() }
    }

    /// One more run, and how it did not hold there.
    pub(crate) fn tried(&mut self, broken: Option<String>) {
        self.tried += 1;
        let Some(how) = broken else { return };
        self.broken += 1;
        if self.counterexamples.len() < KEPT {
            self.counterexamples.push(how);
        }
    }

    /// Whether it holds cannot be told, for this reason.
    pub(crate) fn not_told(&mut self, why: String) {
        self.counterexamples.push(why);
    }
}

/// Tries every property with these cases. `Err` is the gateway's fault.
pub async fn properties(plugin: &Plugin, cases: &[Case]) -> Result<Vec<Property>, Fault> {
    let mut deterministic = Property::new("deterministic", "the same event gives the same result");
    let mut keeps = Property::new("keeps_every_place", "what the expected result has, the result has too");
    let mut survives = Property::new(
        "survives_odd_values",
        "a missing, null, mistyped, empty, odd or large value is no fault",
    );
    for case in cases {
        deterministic.tried(twice(plugin, case).await?);
        if let Ok(answer) = answer(plugin, &case.example).await
            && let Some(lost) = case.example.expect.lost(&answer)
        {
            let told = || format!("{:?}: no {}", case.name(), lost.join(", no "));
            keeps.tried((!lost.is_empty()).then(told));
        }
        let Ok(sample) = serde_json::from_slice::<Value>(&case.example.event.payload) else { continue };
        for mutation in mutate::all(&sample) {
            survives.tried(odd(plugin, case, &mutation).await?);
        }
    }
    Ok(vec![deterministic, keeps, survives])
}

async fn twice(plugin: &Plugin, case: &Case) -> Result<Option<String>, Fault> {
    let (one, other) = (answer(plugin, &case.example).await, answer(plugin, &case.example).await);
    match (one, other) {
        (Err(fault), _) | (_, Err(fault)) if fault.blame() == Blame::Host => Err(fault),
        // Two faults are the same if they have the same name: their words tell of addresses and times.
        (Err(one), Err(other)) if one.code() == other.code() => Ok(None),
        (Ok(one), Ok(other)) if one == other => Ok(None),
        _ => Ok(Some(format!("{:?}: two runs differ", case.name()))),
    }
}

async fn odd(plugin: &Plugin, case: &Case, mutation: &mutate::Mutation) -> Result<Option<String>, Fault> {
    let mut event = case.example.event.clone();
    event.payload = mutation.payload.to_string().into();
    let ran = plugin.run(case.example.config.as_str().into(), event).await;
    match ran.map_err(|failure| failure.fault) {
        Ok(_) | Err(Fault::Refused { .. }) => Ok(None),
        Err(fault) if fault.blame() == Blame::Host => Err(fault),
        Err(fault) => Ok(Some(format!("{:?}, {}: {fault}", case.name(), mutation.what))),
    }
}

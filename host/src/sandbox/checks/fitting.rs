//! Whether what a plugin forwards fits the schemas of those it goes to, tried with cases as they are and with odd values
//! in them. Not here: the odd values (`mutate`), checking one payload (`judge`).

use serde_json::Value;

use crate::domain::plugin::Blame;
use crate::domain::plugin::Fault;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::Output;
use crate::domain::plugin::Verdict;
use crate::sandbox::checks::case::Case;
use crate::sandbox::checks::judge::Judge;
use crate::sandbox::checks::mutate;
use crate::sandbox::checks::properties::Property;
use crate::sandbox::plugin::Plugin;

/// A schema, and what came of trying it.
#[derive(Debug)]
pub struct Fitting {
    /// `None` once it cannot tell any more.
    judge: Option<Judge>,
    fits: Property,
    fits_odd: Property,
}

impl Fitting {
    /// For a schema in words, such as `the payload schema of crm`, with who checks it, or why nobody can.
    pub fn new(schema: &str, judge: Result<Judge, String>) -> Self {
        let claim = format!("what is forwarded fits {schema}");
        let odd = "although a value is missing, null, mistyped, empty, odd or large";
        let mut fits = Property::new("fits_schema", &claim);
        let fits_odd = Property::new("fits_schema_with_odd_values", &format!("{claim}, {odd}"));
        let judge = judge.map_err(|why| fits.not_told(why)).ok();
        Self { judge, fits, fits_odd }
    }

    /// Tries all of them with these cases. `Err` is the gateway's fault.
    pub async fn try_all(all: &mut [Self], plugin: &Plugin, cases: &[Case]) -> Result<(), Fault> {
        for case in cases {
            if all.iter().all(|one| one.judge.is_none()) {
                return Ok(());
            }
            let event = case.example.event.clone();
            let outputs = forwarded(plugin, case, event).await?;
            for one in &mut *all {
                one.see(&outputs, None, || format!("{:?}", case.name())).await;
            }
            let Ok(sample) = serde_json::from_slice::<Value>(&case.example.event.payload) else { continue };
            for mutation in mutate::all(&sample) {
                let mut event = case.example.event.clone();
                event.payload = mutation.payload.to_string().into();
                let outputs = forwarded(plugin, case, event).await?;
                for one in &mut *all {
                    one.see(&outputs, Some(&mutation.what), || format!("{:?}", case.name())).await;
                }
            }
        }
        Ok(())
    }

    /// Whether an event as it is became something that does not fit.
    pub fn is_broken(&self) -> bool {
        self.fits.broken > 0
    }

    /// With cases as they are, and with odd values.
    pub fn into_properties(self) -> [Property; 2] {
        [self.fits, self.fits_odd]
    }

    /// Looks at what came of a case, in which `odd` was put, if anything.
    async fn see(&mut self, outputs: &[Output], odd: Option<&str>, case: impl Fn() -> String) {
        let Some(judge) = &mut self.judge else { return };
        let property = if odd.is_some() { &mut self.fits_odd } else { &mut self.fits };
        if outputs.is_empty() {
            return;
        }
        let mut faults = Vec::new();
        for output in outputs {
            match judge.faults(&output.payload).await {
                Ok(found) => faults.extend(found),
                Err(why) => {
                    property.not_told(format!("{}: {why}", case()));
                    self.judge = None;
                    return;
                }
            }
        }
        let place = odd.map(|odd| format!(", {odd}")).unwrap_or_default();
        property.tried((!faults.is_empty()).then(|| format!("{}{place}: {}", case(), faults.join(", "))));
    }
}

/// What is forwarded of an event; nothing if it is dropped or refused, or if the plugin fails.
async fn forwarded(plugin: &Plugin, case: &Case, event: GuestEvent) -> Result<Vec<Output>, Fault> {
    match plugin.run(case.example.config.as_str().into(), event).await {
        Ok(ran) => Ok(match ran.verdict {
            Verdict::Forward(outputs) => outputs,
            Verdict::Drop(_) => Vec::new(),
        }),
        Err(failure) if failure.fault.blame() == Blame::Host => Err(failure.fault),
        Err(_) => Ok(Vec::new()),
    }
}

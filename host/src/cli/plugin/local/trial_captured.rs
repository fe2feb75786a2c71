//! `plugin test --captured`: the events that a gateway keeps as tests of a plugin, run here; and what every plugin
//! should hold to. Not here: capturing (`capture`), showing what an example costs (`trial`).

use anyhow::bail;
use serde_json::Value;
use serde_json::json;

use crate::cli::client::ApiClient;
use crate::sandbox::Case;
use crate::sandbox::Fitting;
use crate::sandbox::Plugin;
use crate::sandbox::Property;
use crate::sandbox::properties;

/// What came of the tests and properties.
#[derive(Debug, Default)]
pub(in crate::cli::plugin) struct Trial {
    passed: usize,
    failed: Vec<(String, String)>,
    properties: Vec<Property>,
    misfits: bool,
}

/// The captured tests of a plugin.
pub(in crate::cli::plugin) async fn fetch(client: &ApiClient, plugin: &str) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    let mut path = format!("v1/plugins/{plugin}/tests?limit=100");
    loop {
        let page = client.get(&path).await?;
        for test in page["items"].as_array().into_iter().flatten() {
            match Case::parse(&test["example"].to_string()) {
                Ok(case) => cases.push(case),
                Err(problems) => {
                    bail!("the gateway's test {} is not readable: {}", test["name"], problems.join("; "))
                }
            }
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("v1/plugins/{plugin}/tests?limit=100&cursor={cursor}"),
            None => return Ok(cases),
        }
    }
}

impl Trial {
    /// Runs `captured`, and tries the properties, the schema among them, with them and with the examples of a manifest.
    pub(in crate::cli::plugin) async fn of(
        plugin: &Plugin,
        captured: Vec<Case>,
        manifest: &str,
        mut schema: Option<Fitting>,
    ) -> anyhow::Result<Self> {
        let mut trial = Self::default();
        for case in &captured {
            match case.difference(plugin).await? {
                None => trial.passed += 1,
                Some(difference) => trial.failed.push((case.name().to_owned(), difference)),
            }
        }
        let mut cases = captured;
        cases.extend(Case::of_manifest(manifest));
        trial.properties = properties(plugin, &cases).await?;
        Fitting::try_all(schema.as_mut_slice(), plugin, &cases).await?;
        trial.misfits = schema.as_ref().is_some_and(Fitting::is_broken);
        trial.properties.extend(schema.into_iter().flat_map(Fitting::into_properties));
        Ok(trial)
    }

    /// Whether a captured test gave something else, or an event as it is became something that does not fit the
    /// schema. Odd values are reported only: not every plugin has to bear them.
    pub(in crate::cli::plugin) fn has_failed(&self) -> bool {
        !self.failed.is_empty() || self.misfits
    }

    /// A line for the captured tests, if there are any, one for each that failed, and one for each property.
    pub(in crate::cli::plugin) fn text(&self) -> String {
        let mut lines = Vec::new();
        if self.passed + self.failed.len() > 0 {
            lines.push(format!("captured tests: {} passed, {} failed", self.passed, self.failed.len()));
        }
        lines.extend(self.failed.iter().map(|(name, difference)| format!("  {name}: {difference}")));
        for property in self.properties.iter().filter(|property| property.tried > 0) {
            let Property { claim, tried, broken, counterexamples, .. } = property;
            lines.push(match broken {
                0 => format!("{claim}: yes, in {tried} tries"),
                broken => format!("{claim}: not in {broken} of {tried} tries"),
            });
            lines.extend(counterexamples.iter().map(|how| format!("  {how}")));
        }
        lines.join("\n")
    }

    pub(in crate::cli::plugin) fn json(&self) -> Value {
        let failed =
            self.failed.iter().map(|(name, difference)| json!({"name": name, "difference": difference}));
        let property = |property: &Property| {
            json!({
                "name": property.name, "claim": property.claim, "tried": property.tried,
                "broken": property.broken, "counterexamples": property.counterexamples,
            })
        };
        json!({
            "passed": self.passed,
            "failed": failed.collect::<Vec<_>>(),
            "properties": self.properties.iter().map(property).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_is_told_in_lines() {
        let property = |broken: u32, how: &[&str]| Property {
            name: "p",
            claim: "it holds".to_owned(),
            tried: 7,
            broken,
            counterexamples: how.iter().map(|how| (*how).to_owned()).collect(),
        };
        let trial = Trial {
            passed: 2,
            failed: vec![("n".into(), "1 outputs instead of 2".into())],
            properties: vec![property(0, &[]), property(1, &["\"n\": trapped"])],
            misfits: false,
        };
        let expected = "captured tests: 2 passed, 1 failed\n  n: 1 outputs instead of 2\n\
                        it holds: yes, in 7 tries\nit holds: not in 1 of 7 tries\n  \"n\": trapped";
        assert_eq!(trial.text(), expected);
        assert!(trial.has_failed());
        assert_eq!(Trial::default().text(), "");
    }
}

//! What one step grants its plugin: plain grants by name, hosts for `http`, names for `secrets`. Not here: what a
//! version needs (`grant::Grants`), what a host's pattern may be (`host`).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::grant::{Grant, Grants};
use crate::domain::host::HostPattern;
use crate::domain::sealed::SecretName;

/// See the head of this file. In JSON a list: `["clock", {"http": ["api.example.com"]}, {"secrets": ["token"]}]`.
/// `http` without a host and `secrets` without a name cannot be said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<StepGrant>", into = "Vec<StepGrant>")]
pub struct StepGrants {
    plain: Grants,
    hosts: BTreeSet<HostPattern>,
    secrets: BTreeSet<SecretName>,
}

/// One entry of that list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StepGrant {
    /// A grant that needs no more than its name; others of these give nothing.
    Plain(Grant),
    /// Hosts that requests may go to.
    Http {
        /// The hosts.
        http: Vec<HostPattern>,
    },
    /// Secrets by name.
    Secrets {
        /// The names.
        secrets: Vec<SecretName>,
    },
}

impl StepGrants {
    /// The kinds of what is granted: what is linked.
    pub fn kinds(&self) -> Grants {
        let hosts = (!self.hosts.is_empty()).then_some(Grant::Http);
        let secrets = (!self.secrets.is_empty()).then_some(Grant::Secrets);
        self.plain.with(hosts.into_iter().chain(secrets).collect())
    }

    /// Hosts that requests may go to.
    pub const fn hosts(&self) -> &BTreeSet<HostPattern> {
        &self.hosts
    }

    /// Secrets that may be read.
    pub const fn secrets(&self) -> &BTreeSet<SecretName> {
        &self.secrets
    }

    /// Adds plain grants; others are left out, since they need hosts or names.
    pub fn add_plain(&mut self, grants: Grants) {
        self.plain = self.plain.with(grants.plain());
    }

    /// Plain ones first, by name; then hosts, then secrets.
    pub fn entries(&self) -> Vec<StepGrant> {
        self.clone().into()
    }
}

impl FromIterator<StepGrant> for StepGrants {
    fn from_iter<I: IntoIterator<Item = StepGrant>>(entries: I) -> Self {
        let mut grants = Self::default();
        for entry in entries {
            match entry {
                StepGrant::Plain(grant) => grants.add_plain([grant].into_iter().collect()),
                StepGrant::Http { http } => grants.hosts.extend(http),
                StepGrant::Secrets { secrets } => grants.secrets.extend(secrets),
            }
        }
        grants
    }
}

impl From<Vec<StepGrant>> for StepGrants {
    fn from(entries: Vec<StepGrant>) -> Self {
        entries.into_iter().collect()
    }
}

impl From<StepGrants> for Vec<StepGrant> {
    fn from(grants: StepGrants) -> Self {
        let mut entries: Self = grants.plain.iter().map(StepGrant::Plain).collect();
        if !grants.hosts.is_empty() {
            entries.push(StepGrant::Http { http: grants.hosts.into_iter().collect() });
        }
        if !grants.secrets.is_empty() {
            entries.push(StepGrant::Secrets { secrets: grants.secrets.into_iter().collect() });
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_back_in_one_form() {
        let check = |text: &str, shown: &str, kinds: &str| {
            let grants: StepGrants = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&grants).unwrap(), shown);
            assert_eq!(grants.kinds().to_string(), kinds);
        };
        check("[]", "[]", "");
        check(r#"["kv","clock","kv"]"#, r#"["clock","kv"]"#, "clock, kv");
        check(
            r#"[{"secrets":["b","a"]},"kv",{"http":["B.example"]},{"http":["a.example"]}]"#,
            r#"["kv",{"http":["a.example","b.example"]},{"secrets":["a","b"]}]"#,
            "http, kv, secrets",
        );
        check(r#"["http",{"secrets":[]}]"#, "[]", "");
        for bad in [r#"["files"]"#, r#"[{"http":["a/b"]}]"#, r#"[{"secrets":[""]}]"#] {
            assert!(serde_json::from_str::<StepGrants>(bad).is_err(), "{bad}");
        }
    }
}

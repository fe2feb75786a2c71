//! Parts of the product that a workspace may be without, where its operator turned them off. Not here: what may be counted
//! (`workspace_limits`), holding to either (`control::room`).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which parts a workspace may use; what is not given, or null, is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WorkspaceFeatures {
    /// Destinations that get several payloads in one request, `batch`.
    pub batches: Option<bool>,
    /// Destinations whose answers become events, `answer_type`.
    pub chains: Option<bool>,
    /// Sources and event types that refuse what does not fit a schema, `enforce_schemas` and `enforce`.
    pub schemas: Option<bool>,
    /// Connections that take alerts.
    pub alerts: Option<bool>,
    /// The assistant's door, `/mcp`.
    pub assistant: Option<bool>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkspaceFeature {
    /// See [`WorkspaceFeatures`] for these.
    Batches,
    Chains,
    Schemas,
    Alerts,
    Assistant,
}

impl WorkspaceFeatures {
    /// All of them.
    pub const ALL: Self = Self {
        batches: Some(true),
        chains: Some(true),
        schemas: Some(true),
        alerts: Some(true),
        assistant: Some(true),
    };

    /// These, and where they say nothing, those.
    #[must_use]
    pub fn over(&self, those: &Self) -> Self {
        Self {
            batches: self.batches.or(those.batches),
            chains: self.chains.or(those.chains),
            schemas: self.schemas.or(those.schemas),
            alerts: self.alerts.or(those.alerts),
            assistant: self.assistant.or(those.assistant),
        }
    }

    /// Whether one is on.
    pub fn has(&self, feature: WorkspaceFeature) -> bool {
        let said = match feature {
            WorkspaceFeature::Batches => self.batches,
            WorkspaceFeature::Chains => self.chains,
            WorkspaceFeature::Schemas => self.schemas,
            WorkspaceFeature::Alerts => self.alerts,
            WorkspaceFeature::Assistant => self.assistant,
        };
        said.unwrap_or(true)
    }
}

impl WorkspaceFeature {
    /// In the order of the fields.
    pub const ALL: [Self; 5] = [Self::Batches, Self::Chains, Self::Schemas, Self::Alerts, Self::Assistant];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Batches => "batches",
            Self::Chains => "chains",
            Self::Schemas => "schemas",
            Self::Alerts => "alerts",
            Self::Assistant => "assistant",
        }
    }

    /// What a workspace without it may not have.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Batches => "destinations that get several payloads in one request (`batch`)",
            Self::Chains => "destinations whose answers become events (`answer_type`)",
            Self::Schemas => {
                "sources and event types that refuse what does not fit a schema (`enforce_schemas`, `enforce`)"
            }
            Self::Alerts => "connections that take alerts",
            Self::Assistant => "an assistant (`/mcp`)",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_on_unless_it_is_turned_off_and_has_the_name_of_its_field() {
        for feature in WorkspaceFeature::ALL {
            let off = format!(r#"{{"{}": false}}"#, feature.name());
            let off: WorkspaceFeatures = serde_json::from_str(&off).unwrap();
            for other in WorkspaceFeature::ALL {
                assert_eq!(off.has(other), other != feature);
            }
            assert!(WorkspaceFeatures::ALL.over(&off).has(feature), "what stands over it turns it on");
            assert!(!WorkspaceFeatures::default().over(&off).has(feature));
        }
    }
}

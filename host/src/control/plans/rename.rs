//! Documents that say which name they have had: what is there of the old name gets the new one, and all that belongs to it
//! stays. Applied once more, where nothing has the old name any longer, they are like any other.

use std::sync::Arc;

use crate::control::plans::ConfigDocument;
use crate::control::plans::ConfigPlan;
use crate::control::plans::WantedDraft;
use crate::control::resources::Faults;
use crate::control::snapshot::Collection;
use crate::control::snapshot::Resource;
use crate::domain::id::WorkspaceId;

impl ConfigPlan {
    /// Gives what is there under the old name the new one, in the configuration of the plan; answers what it was.
    pub(super) fn take_over(
        &mut self,
        workspace: WorkspaceId,
        draft: &WantedDraft,
        was: Option<&str>,
        faults: &mut Faults,
    ) -> Option<ConfigDocument> {
        let (was, name) = (was?, draft.name()?.to_owned());
        if was == name {
            return None;
        }
        let there = &self.documents;
        let names = Names { workspace, was, name: &name };
        let (old, new) = match draft {
            WantedDraft::Source(_) => {
                names.of(&there.sources, ConfigDocument::Source, |one, name| one.name = name)
            }
            WantedDraft::Destination(..) => {
                names.of(&there.destinations, ConfigDocument::Destination, |one, name| one.name = name)
            }
            WantedDraft::Connection(_) => {
                names.of(&there.connections, ConfigDocument::Connection, |one, name| one.name = name)
            }
            WantedDraft::Table(_) => {
                names.of(&there.tables, ConfigDocument::Table, |one, name| one.name = name)
            }
            WantedDraft::EventType(_) => {
                names.of(&there.event_types, ConfigDocument::EventType, |one, name| one.name = name)
            }
            WantedDraft::Workspace(_) => {
                let found = there.workspaces.all().find(|found| found.name == was)?;
                let in_found = Names { workspace: found.id, ..names };
                let renamed =
                    in_found.of(&there.workspaces, ConfigDocument::Workspace, |one, name| one.name = name);
                // Their names are unique among all.
                let taken = there.workspaces.all().any(|other| other.name == name);
                renamed.map(|(old, new)| (old, if taken { Err(()) } else { new }))
            }
            WantedDraft::Plugin(_) => {
                let detail =
                    "a plugin keeps the name that it was uploaded under: upload it under the other one";
                faults.add("/was", detail);
                return None;
            }
            WantedDraft::Secret(_) => {
                let detail = "a secret is sealed with its name, and gets no other one: set it anew, and delete the old one";
                faults.add("/was", detail);
                return None;
            }
        }?;
        match new {
            Ok(new) => self.documents.change(new.write()),
            Err(()) => {
                let detail =
                    format!("`{was}` and `{name}` are both there: leave `was` out, or delete one of them");
                faults.add("/was", detail);
            }
        }
        Some(old)
    }
}

#[derive(Clone, Copy)]
struct Names<'n> {
    workspace: WorkspaceId,
    was: &'n str,
    name: &'n str,
}

impl Names<'_> {
    /// What has the old name, and the same with the new one; an error if that is taken.
    fn of<T: Resource + Clone>(
        &self,
        all: &Collection<T>,
        kind: fn(Arc<T>) -> ConfigDocument,
        call: fn(&mut T, String),
    ) -> Option<(ConfigDocument, Result<ConfigDocument, ()>)> {
        let old = all.named(self.workspace, self.was)?;
        let mut new = old.as_ref().clone();
        call(&mut new, self.name.to_owned());
        let taken = all.named(self.workspace, self.name).is_some();
        let new = if taken { Err(()) } else { Ok(kind(new.into())) };
        Some((kind(old.clone()), new))
    }
}

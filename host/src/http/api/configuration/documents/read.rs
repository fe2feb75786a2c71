//! Reads documents as they are wanted: each by the schema of the body that would make it. What is in a step stays byte
//! for byte. Not here: what they come to (`control::plans`).

use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::control::FAULTS_MAX;
use crate::control::FieldFault;
use crate::control::plans::Wanted;
use crate::control::plans::WantedDraft;
use crate::control::resources::GivenCredentials;
use crate::control::resources::SecretDraft;
use crate::control::snapshot::Documents;
use crate::domain::id::WorkspaceId;
use crate::domain::secret::Secret;
use crate::domain::suggest::suggest;
use crate::http::api::access::workspaces::WorkspaceBody;
use crate::http::api::code::plugins::PluginDocument;
use crate::http::api::configuration::connections;
use crate::http::api::configuration::connections::ConnectionBody;
use crate::http::api::configuration::destinations;
use crate::http::api::configuration::destinations::DestinationBody;
use crate::http::api::configuration::documents::resolve::DocumentParts;
use crate::http::api::configuration::documents::resolve::Places;
use crate::http::api::configuration::documents::written::RESOURCE;
use crate::http::api::configuration::event_types;
use crate::http::api::configuration::event_types::EventTypeBody;
use crate::http::api::configuration::sources;
use crate::http::api::configuration::sources::SourceBody;
use crate::http::api::tables::definition;
use crate::http::api::tables::definition::TableBody;
use crate::http::problem::Problem;
use crate::http::request::BodyMembers;
use crate::http::request::Call;
use crate::http::request::RequestFaults;
use crate::http::request::pointer_to;

const RESOURCES: [&str; 8] =
    ["source", "destination", "connection", "table", "event_type", "plugin", "secret", "workspace"];
/// The name that what is there has had.
const WAS: &str = "was";

/// A secret of the workspace.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretDocument {
    /// Its name.
    #[schema(required = true, nullable = false)]
    name: Option<String>,
    /// The value: text of 8 bytes to 8 KiB.
    #[schema(nullable = false)]
    value: Option<Secret>,
}

/// Reads all of them; what is wrong is told at `/documents/{place}` and below.
pub(super) fn all(
    call: &Call,
    workspace: WorkspaceId,
    documents: &[Box<RawValue>],
    faults: &mut RequestFaults,
) -> Result<Vec<Wanted>, Problem> {
    let snapshot = call.control.snapshot().clone();
    let reader = Reader { call, workspace, there: &snapshot.documents };
    let mut wanted = Vec::with_capacity(documents.len());
    let mut count = 0;
    for (place, raw) in documents.iter().enumerate() {
        // Nobody reads more, and the others need not be.
        if count >= FAULTS_MAX {
            break;
        }
        match reader.one(raw)? {
            Ok(read) => {
                count += read.faults.len();
                wanted.push(read);
            }
            Err(fault) => faults.add(format!("/documents/{place}{}", fault.pointer), fault.detail),
        }
    }
    Ok(wanted)
}

struct Reader<'r> {
    call: &'r Call,
    workspace: WorkspaceId,
    there: &'r Documents,
}

impl Reader<'_> {
    /// One document; or why nobody can say what it is.
    fn one(&self, raw: &RawValue) -> Result<Result<Wanted, FieldFault>, Problem> {
        let Ok(BodyMembers(members)) = serde_json::from_str(raw.get()) else {
            let detail =
                "a document is an object, such as {\"resource\": \"source\", \"name\": \"crm\"}".to_owned();
            return Ok(Err(FieldFault { pointer: String::new(), detail }));
        };
        let mut faults = RequestFaults::default();
        let mut parts = DocumentParts::new();
        for (name, raw) in members {
            if parts.insert(name.clone().into_owned(), raw.to_owned()).is_some() {
                faults.add(pointer_to("", &name), "this field is there twice");
            }
        }
        let resource = match kind_of(parts.shift_remove(RESOURCE).as_deref()) {
            Ok(resource) => resource,
            Err(detail) => return Ok(Err(FieldFault { pointer: format!("/{RESOURCE}"), detail })),
        };
        if resource == "workspace" && !self.call.control.is_operator(self.call.principal()?) {
            let detail = "only an admin key of the first workspace makes and changes workspaces".to_owned();
            return Ok(Err(FieldFault { pointer: format!("/{RESOURCE}"), detail }));
        }
        if resource == "plugin" && parts.shift_remove("file").is_some() {
            let detail = "only `hookmill apply` uploads files: give the `version` of one that was uploaded by `hookmill plugin push`";
            faults.add("/file", detail);
        }
        let was = parts.shift_remove(WAS).and_then(|raw| match serde_json::from_str::<String>(raw.get()) {
            Ok(was) => Some(was),
            Err(_) => {
                faults.add(format!("/{WAS}"), "expected the name it has had, as text");
                None
            }
        });
        let home = self.call.principal()?.home;
        let (control, workspace) = (&self.call.control, self.workspace);
        let places = Places { control, workspace, home, there: self.there };
        let kept = places.resolve(resource, &mut parts, was.as_deref(), &mut faults);
        let text = serde_json::to_string(&parts).unwrap_or_default();
        let (draft, more) = self.draft(resource, &text, &kept)?;
        let faults = faults.into_inner().into_iter().chain(more).collect();
        Ok(Ok(Wanted { draft, was, faults }))
    }

    fn draft(
        &self,
        resource: &str,
        text: &str,
        kept: &[String],
    ) -> Result<(WantedDraft, Vec<FieldFault>), Problem> {
        let (shapes, depth) = (&self.call.site.shapes, self.call.control.limits().json_depth_max);
        let keeps = |part: &str| kept.iter().any(|pointer| pointer.starts_with(part));
        Ok(match resource {
            "source" => {
                let (body, mut faults) = shapes.read_part::<SourceBody>(text, depth)?;
                let draft = sources::draft(body, &mut faults);
                (WantedDraft::Source(Box::new(draft)), faults.into_inner())
            }
            "destination" => {
                let (body, mut faults) = shapes.read_part::<DestinationBody>(text, depth)?;
                let draft = destinations::draft(body, &mut faults);
                let given = GivenCredentials { auth: !keeps("/auth"), headers: !keeps("/headers") };
                (WantedDraft::Destination(Box::new(draft), given), faults.into_inner())
            }
            "table" => {
                let (body, mut faults) = shapes.read_part::<TableBody>(text, depth)?;
                let draft = definition::draft(body, &mut faults);
                (WantedDraft::Table(Box::new(draft)), faults.into_inner())
            }
            "event_type" => {
                let (body, faults) = shapes.read_part::<EventTypeBody>(text, depth)?;
                (WantedDraft::EventType(Box::new(event_types::draft(body))), faults.into_inner())
            }
            "workspace" => {
                let (body, faults) = shapes.read_part::<WorkspaceBody>(text, depth)?;
                (WantedDraft::Workspace(Box::new(body.draft())), faults.into_inner())
            }
            "plugin" => {
                let (body, faults) = shapes.read_part::<PluginDocument>(text, depth)?;
                let draft = body.draft(self.call.principal()?.key);
                (WantedDraft::Plugin(draft), faults.into_inner())
            }
            "secret" => {
                let (body, mut faults) = shapes.read_part::<SecretDocument>(text, depth)?;
                if body.value.is_none() && !keeps("/value") {
                    faults.missing("/value", "a secret needs a value");
                }
                let draft = SecretDraft { name: body.name, value: body.value };
                (WantedDraft::Secret(draft), faults.into_inner())
            }
            _ => {
                let (body, mut faults) = shapes.read_part::<ConnectionBody>(text, depth)?;
                let draft = connections::draft(body, &mut faults);
                (WantedDraft::Connection(Box::new(draft)), faults.into_inner())
            }
        })
    }
}

fn kind_of(given: Option<&RawValue>) -> Result<&'static str, String> {
    let known = RESOURCES.join(", ");
    let Some(given) = given else { return Err(format!("say what this is: any of {known}")) };
    let text = serde_json::from_str::<String>(given.get()).unwrap_or_else(|_| given.get().to_owned());
    RESOURCES.into_iter().find(|name| *name == text).ok_or_else(|| match suggest(&text, RESOURCES) {
        Some(near) => format!("expected any of {known}; did you mean `{near}`?"),
        None => format!("expected any of {known}"),
    })
}

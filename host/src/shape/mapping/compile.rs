//! Reads a mapping as a whole. Not here: its output (`output`), its headers (`envelope`).

use crate::domain::suggest::suggest;
use crate::shape::budget::Budget;
use crate::shape::fault::EvalFault;
use crate::shape::fault::SpecFault;
use crate::shape::fault::push_pointer;
use crate::shape::input::Input;
use crate::shape::mapping::envelope::Envelope;
use crate::shape::mapping::envelope::Mapped;
use crate::shape::mapping::expr::Expr;
use crate::shape::mapping::merge;
use crate::shape::mapping::output::OnMissing;
use crate::shape::mapping::output::OutputCompiler;
use crate::shape::mapping::resolve::MAX_SLOTS;
use crate::shape::mapping::resolve::Trie;
use crate::shape::mapping::write::Writer;
use crate::shape::mapping::write::Wrote;
use crate::shape::source::NO_NODE;
use crate::shape::source::Path;
use crate::shape::source::ValueScope;
use crate::shape::spec;
use crate::shape::spec::SpecFaults;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;

const MEMBERS: &[&str] =
    &["version", "output", "on_missing", "mode", "remove", "headers", "event_type", "method", "path"];

/// A compiled mapping.
#[derive(Debug)]
pub struct Mapping {
    pub(crate) output: Option<Expr>,
    pub(crate) merge: bool,
    pub(crate) remove: Box<[Path]>,
    pub(crate) envelope: Envelope,
    trie: Trie,
}

impl Mapping {
    /// Compiles a mapping's JSON; all faults at once.
    pub fn compile(json: &[u8]) -> Result<Self, Vec<SpecFault>> {
        let document = spec::parse(json)?;
        let root = document.root();
        let mut faults = SpecFaults::default();
        if root.kind() != NodeKind::Object {
            faults.add("", format!("a mapping must be an object, not {}", spec::seen(root)));
            return faults.finish(None);
        }
        head(root, &mut faults);
        let on_missing = on_missing(root, &mut faults);
        let merge = mode(root, &mut faults);
        let remove = removals(root, merge, &mut faults);
        let mut trie = Trie::default();
        let mut compiler =
            OutputCompiler { faults: &mut faults, trie: &mut trie, on_missing, each: 0, url_path: false };
        let output = root.get("output").and_then(|output| compiler.expr(output, "/output"));
        let envelope = Envelope::compile(root, &mut compiler);
        match &output {
            None if root.get("output").is_none() && remove.is_empty() => {
                faults.add("", "a mapping needs `output`: the JSON to write, with paths where values belong");
            }
            Some(output) if merge && !may_be_object(output) => {
                faults.add("/output", "with `\"mode\": \"merge\"` the output must be an object");
            }
            _ => {}
        }
        faults.finish(Some(Self { output, merge, remove, envelope, trie }))
    }

    /// Writes the output for one event behind what is in `out`, which is left as it was if the
    /// mapping fails. What else the mapping says of the delivery is returned.
    pub fn apply(
        &self,
        input: &Input<'_>,
        budget: &mut Budget,
        out: &mut Vec<u8>,
    ) -> Result<Mapped, EvalFault> {
        let start = out.len();
        let applied = self.with_scope(input, budget, |scope, budget| {
            self.write(scope, budget, out)?;
            self.envelope.map(scope, budget)
        });
        if applied.is_err() {
            out.truncate(start);
        }
        applied
    }

    /// Runs `work` with the plain paths resolved.
    pub(crate) fn with_scope<T>(
        &self,
        input: &Input<'_>,
        budget: &mut Budget,
        work: impl FnOnce(&ValueScope<'_>, &mut Budget) -> Result<T, EvalFault>,
    ) -> Result<T, EvalFault> {
        if input.unreadable {
            return work(&ValueScope { input, item: None, slots: &[] }, budget);
        }
        let mut slots = [NO_NODE; MAX_SLOTS];
        let slots =
            self.trie.fill(input.document, &mut slots, budget).map_err(|why| failed("", why.to_string()))?;
        work(&ValueScope { input, item: None, slots }, budget)
    }

    fn write(&self, scope: &ValueScope<'_>, budget: &mut Budget, out: &mut Vec<u8>) -> Result<(), EvalFault> {
        if self.merge {
            return self.write_merged(scope, budget, out);
        }
        let Some(output) = &self.output else { return Ok(()) };
        let wrote = Writer { budget }.write(output, scope, out)?;
        if wrote == Wrote::Nothing {
            out.extend_from_slice(b"null");
        }
        Ok(())
    }

    fn write_merged(
        &self,
        scope: &ValueScope<'_>,
        budget: &mut Budget,
        out: &mut Vec<u8>,
    ) -> Result<(), EvalFault> {
        scope.input.readable().map_err(|why| failed("", why.to_string()))?;
        let mut patch = b"{}".to_vec();
        if let Some(output) = &self.output {
            let mut made = Vec::new();
            if (Writer { budget }).write(output, scope, &mut made)? == Wrote::Something {
                patch = made;
            }
        }
        let mut removed = Vec::new();
        for path in &self.remove {
            path.each(scope, budget, &mut |node| {
                removed.push(node.index());
                Ok(())
            })
            .map_err(|why| failed("/remove", why.to_string()))?;
        }
        removed.sort_unstable();
        merge::write(scope.input.document, &patch, &removed, budget, out)
            .map_err(|detail| failed("/output", detail))
    }
}

fn failed(pointer: &str, detail: String) -> EvalFault {
    EvalFault { pointer: pointer.to_owned(), path: String::new(), seen: String::new(), detail }
}

fn head(root: Node<'_>, faults: &mut SpecFaults) {
    for (name, _) in root.members().filter(|(name, _)| !MEMBERS.contains(&&**name)) {
        let detail = match suggest(&name, MEMBERS.iter().copied()) {
            Some(near) => format!("a mapping has no `{name}`; did you mean `{near}`?"),
            None => format!("a mapping has no `{name}`; it has {}", MEMBERS.join(", ")),
        };
        faults.add(&push_pointer("", &name), detail);
    }
    if let Some(version) = root.get("version").filter(|version| version.as_number() != Some("1")) {
        faults.add("/version", format!("the only version is 1, not {}", spec::seen(version)));
    }
}

fn on_missing(root: Node<'_>, faults: &mut SpecFaults) -> OnMissing {
    let Some(node) = root.get("on_missing") else { return OnMissing::Null };
    let rule = spec::text(node, "`on_missing`").and_then(|text| match &*text {
        "null" => Ok(OnMissing::Null),
        "omit" => Ok(OnMissing::Omit),
        "error" => Ok(OnMissing::Error),
        other => Err(format!("`on_missing` is null, omit or error, not `{other}`")),
    });
    faults.keep("/on_missing", rule).unwrap_or(OnMissing::Null)
}

fn mode(root: Node<'_>, faults: &mut SpecFaults) -> bool {
    let Some(node) = root.get("mode") else { return false };
    let mode = spec::text(node, "`mode`").and_then(|text| match &*text {
        "replace" => Ok(false),
        "merge" => Ok(true),
        other => Err(format!("`mode` is replace or merge, not `{other}`")),
    });
    faults.keep("/mode", mode).unwrap_or(false)
}

fn removals(root: Node<'_>, merge: bool, faults: &mut SpecFaults) -> Box<[Path]> {
    let Some(node) = root.get("remove") else { return Box::default() };
    if !merge {
        faults.add("/remove", "`remove` needs `\"mode\": \"merge\"`: otherwise nothing is kept anyway");
    }
    if node.kind() != NodeKind::Array {
        faults.add("/remove", format!("`remove` must be an array of paths, not {}", spec::seen(node)));
        return Box::default();
    }
    let each = node.elements().enumerate();
    each.filter_map(|(at, one)| {
        let path = spec::text(one, "a path").and_then(|text| Path::compile(&text, false));
        let path = path.and_then(|path| {
            if path.query.is_root() {
                Err("the payload itself cannot be removed".to_owned())
            } else {
                Ok(path)
            }
        });
        faults.keep(&format!("/remove/{at}"), path)
    })
    .collect()
}

/// Whether the output can be an object; what comes from a path shows only in an event.
fn may_be_object(output: &Expr) -> bool {
    match output {
        Expr::Raw(json) => json.first() == Some(&b'{'),
        Expr::Array(_) | Expr::Each(_) => false,
        Expr::Object(_) | Expr::Field(_) | Expr::If(_) => true,
    }
}

//! Reads what stands under `output` (and `headers` and the like). Not here: the rest of the
//! mapping (`compile`).

use crate::domain::suggest::suggest;
use crate::shape::apply;
use crate::shape::apply::Cast;
use crate::shape::budget::MAX_EACH_NESTING;
use crate::shape::fault::push_pointer;
use crate::shape::filter::ClauseCompiler;
use crate::shape::filter::source;
use crate::shape::mapping::expr::Each;
use crate::shape::mapping::expr::Expr;
use crate::shape::mapping::expr::From;
use crate::shape::mapping::expr::If;
use crate::shape::mapping::expr::MappedField;
use crate::shape::mapping::expr::Member;
use crate::shape::mapping::expr::Rule;
use crate::shape::mapping::expr::Take;
use crate::shape::mapping::resolve::Trie;
use crate::shape::mapping::template;
use crate::shape::source::Path;
use crate::shape::source::PathBase;
use crate::shape::source::ValueSource;
use crate::shape::spec;
use crate::shape::spec::SpecFaults;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;

const HEADS: &[&str] = &["$literal", "$template", "$path", "$in_headers", "$in_event", "$each", "$if"];
const MODIFIERS: &[&str] = &["$apply", "$as", "$default", "$required", "$omit", "$first", "$all"];

/// What happens to a missing value if its field does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnMissing {
    Null,
    Omit,
    Error,
}

#[derive(Debug)]
pub(super) struct OutputCompiler<'f> {
    pub(super) faults: &'f mut SpecFaults,
    pub(super) trie: &'f mut Trie,
    pub(super) on_missing: OnMissing,
    /// How many `$each` are open.
    pub(super) each: usize,
    /// Whether it is the URL path that is read: holes of its templates are percent-encoded.
    pub(super) url_path: bool,
}

impl OutputCompiler<'_> {
    /// The expression at `pointer`. `None` only if a fault was noted.
    pub(super) fn expr(&mut self, node: Node<'_>, pointer: &str) -> Option<Expr> {
        if !self.faults.count(pointer) {
            return None;
        }
        match node.kind() {
            NodeKind::String => self.string(node, pointer),
            NodeKind::Array => {
                let each = node.elements().enumerate();
                let made: Vec<_> = each.map(|(at, one)| self.expr(one, &format!("{pointer}/{at}"))).collect();
                let made = made.into_iter().collect::<Option<Box<[Expr]>>>()?;
                let constant = made.iter().zip(node.elements()).all(|(expr, one)| is_itself(expr, one));
                Some(if constant { raw(node) } else { Expr::Array(made) })
            }
            NodeKind::Object if node.members().any(|(name, _)| name.starts_with('$')) => {
                self.directive(node, pointer)
            }
            NodeKind::Object => self.object(node, pointer),
            _ => Some(raw(node)),
        }
    }

    fn string(&mut self, node: Node<'_>, pointer: &str) -> Option<Expr> {
        let text = node.as_str()?;
        let path = text.starts_with('$') || (self.each > 0 && text.starts_with('@'));
        if !path {
            return Some(raw(node));
        }
        let path = self.path(&text).map_err(|detail| {
            let literal = format!("{{\"$literal\": {}}}", node.raw());
            format!("{detail}; to write the text itself, write {literal}")
        });
        let path = self.faults.keep(pointer, path)?;
        Some(Expr::Field(Box::new(MappedField {
            pointer: pointer.into(),
            from: From::Source(ValueSource::Path(path)),
            take: Take::ByPath,
            steps: Box::default(),
            cast: None,
            missing: self.document_rule(),
            own_rule: false,
        })))
    }

    fn object(&mut self, node: Node<'_>, pointer: &str) -> Option<Expr> {
        let mut members = Vec::new();
        let (mut good, mut constant) = (true, true);
        for (name, node) in node.members() {
            let Some(value) = self.expr(node, &push_pointer(pointer, &name)) else {
                good = false;
                continue;
            };
            constant &= is_itself(&value, node);
            let mut key = Vec::with_capacity(name.len() + 3);
            crate::shape::tape::text::write_string(&name, &mut key);
            key.push(b':');
            members.push(Member { key: key.into(), value });
        }
        good.then(|| if constant { raw(node) } else { Expr::Object(members.into()) })
    }

    /// Compiles a path; a plain one gets a slot.
    pub(super) fn path(&mut self, text: &str) -> Result<Path, String> {
        let mut path = Path::compile(text, self.each > 0)?;
        if path.base == PathBase::Root {
            path.slot = self.trie.slot(&path.query);
        }
        Ok(path)
    }

    fn document_rule(&self) -> Rule {
        match self.on_missing {
            OnMissing::Null => Rule::Null,
            OnMissing::Omit => Rule::Omit,
            OnMissing::Error => Rule::Error,
        }
    }

    fn directive(&mut self, node: Node<'_>, pointer: &str) -> Option<Expr> {
        let heads: Vec<&str> = HEADS.iter().copied().filter(|head| node.get(head).is_some()).collect();
        let [head] = *heads.as_slice() else {
            let detail = if heads.is_empty() {
                self.no_head(node)
            } else {
                format!("{} cannot stand together", heads.join(" and "))
            };
            self.faults.add(pointer, detail);
            return None;
        };
        let value = node.get(head)?;
        let at = push_pointer(pointer, head);
        let allowed: &[&str] = match head {
            "$literal" => &[],
            "$each" => &["$value"],
            "$if" => &["$then", "$else"],
            "$path" | "$in_headers" => MODIFIERS,
            // A parameter may come several times.
            "$in_event" if value.as_str().is_some_and(|name| name.starts_with("query.")) => MODIFIERS,
            _ => &MODIFIERS[..5],
        };
        self.only(node, head, allowed, pointer);
        match head {
            "$literal" => Some(raw(value)),
            "$each" => self.each(node, value, pointer),
            "$if" => self.condition(node, value, pointer),
            "$template" => {
                let text = spec::text(value, "`$template`");
                let parts =
                    text.and_then(|text| template::parse(&text, self.url_path, &mut |path| self.path(path)));
                let from = self.faults.keep(&at, parts).map(From::Template);
                self.field(node, from, pointer)
            }
            _ => {
                let text = spec::text(value, &format!("`{head}`"));
                let made = text.and_then(|text| match head {
                    "$path" if !text.starts_with(['$', '@']) => {
                        Err(format!("`{text}` is not a path: begin with `$`"))
                    }
                    "$path" => self.path(&text).map(ValueSource::Path),
                    _ => source(&head[1..], &text, false),
                });
                let from = self.faults.keep(&at, made).map(From::Source);
                self.field(node, from, pointer)
            }
        }
    }

    fn no_head(&self, node: Node<'_>) -> String {
        let name = node.members().find(|(name, _)| name.starts_with('$')).map(|(name, _)| name);
        let name = name.unwrap_or_default();
        if MODIFIERS.contains(&&*name) || ["$value", "$then", "$else"].contains(&&*name) {
            return format!("`{name}` stands alone: it needs one of {} beside it", HEADS.join(", "));
        }
        let known: Vec<&str> = HEADS.iter().chain(MODIFIERS).copied().collect();
        match suggest(&name, known) {
            Some(near) => format!("there is no `{name}`; did you mean `{near}`?"),
            None => format!(
                "there is no `{name}`; there are {}. To write a key that begins with `$`, put the object in `$literal`",
                HEADS.join(", ")
            ),
        }
    }

    fn only(&mut self, node: Node<'_>, head: &str, allowed: &[&str], pointer: &str) {
        for (name, _) in node.members().filter(|(name, _)| name != head && !allowed.contains(&&**name)) {
            let detail = match suggest(&name, allowed.iter().copied()) {
                Some(near) => format!("`{name}` cannot stand beside `{head}`; did you mean `{near}`?"),
                None if allowed.is_empty() => {
                    format!("nothing can stand beside `{head}`, and so not `{name}`")
                }
                None => format!("`{name}` cannot stand beside `{head}`; there are {}", allowed.join(", ")),
            };
            self.faults.add(&push_pointer(pointer, &name), detail);
        }
    }

    fn flag(&mut self, node: Node<'_>, name: &str, pointer: &str) -> bool {
        let Some(value) = node.get(name) else { return false };
        let given = spec::boolean(value, &format!("`{name}`"));
        self.faults.keep(&push_pointer(pointer, name), given) == Some(true)
    }

    fn field(&mut self, node: Node<'_>, from: Option<From>, pointer: &str) -> Option<Expr> {
        let at = |name: &str| push_pointer(pointer, name);
        let steps = node
            .get("$apply")
            .map_or_else(Box::default, |chain| apply::steps(chain, &at("$apply"), self.faults));
        let cast = node.get("$as").and_then(|name| {
            let cast = spec::text(name, "`$as`").and_then(|name| {
                Cast::named(&name).ok_or_else(|| {
                    format!("there is no type `{name}`; there are string, number, integer, boolean, object and array")
                })
            });
            self.faults.keep(&at("$as"), cast)
        });
        let (first, all) = (self.flag(node, "$first", pointer), self.flag(node, "$all", pointer));
        let (required, omit) = (self.flag(node, "$required", pointer), self.flag(node, "$omit", pointer));
        let default = node.get("$default").map(|value| self.expr(value, &at("$default")));
        if first && all {
            self.faults.add(pointer, "`$first` and `$all` cannot stand together");
        }
        if usize::from(required) + usize::from(omit) + usize::from(default.is_some()) > 1 {
            self.faults.add(pointer, "only one of `$required`, `$omit` and `$default` can be given");
        }
        let own_rule = required || omit || default.is_some();
        let missing = match default {
            Some(default) => Rule::Default(Box::new(default?)),
            None if required => Rule::Error,
            None if omit => Rule::Omit,
            None => self.document_rule(),
        };
        let take = if first {
            Take::First
        } else if all {
            Take::All
        } else {
            Take::ByPath
        };
        let pointer = pointer.into();
        Some(Expr::Field(Box::new(MappedField {
            pointer,
            from: from?,
            take,
            steps,
            cast,
            missing,
            own_rule,
        })))
    }

    fn each(&mut self, node: Node<'_>, over: Node<'_>, pointer: &str) -> Option<Expr> {
        let at = push_pointer(pointer, "$each");
        let path = spec::text(over, "`$each`").and_then(|text| self.path(&text));
        let over = self.faults.keep(&at, path);
        if self.each >= MAX_EACH_NESTING {
            self.faults.add(&at, format!("`$each` is nested more than {MAX_EACH_NESTING} deep"));
            return None;
        }
        let Some(value) = node.get("$value") else {
            self.faults.add(pointer, "`$each` needs `$value`: what is written for each item, which is `@`");
            return None;
        };
        self.each += 1;
        let value = self.expr(value, &push_pointer(pointer, "$value"));
        self.each -= 1;
        Some(Expr::Each(Box::new(Each { pointer: pointer.into(), over: over?, value: value? })))
    }

    fn condition(&mut self, node: Node<'_>, condition: Node<'_>, pointer: &str) -> Option<Expr> {
        let mut clauses = ClauseCompiler { faults: self.faults, in_each: self.each > 0 };
        let condition = clauses.clause(condition, &push_pointer(pointer, "$if"));
        let Some(then) = node.get("$then") else {
            self.faults.add(pointer, "`$if` needs `$then`: what is written if the condition holds");
            return None;
        };
        let then = self.expr(then, &push_pointer(pointer, "$then"));
        let otherwise = match node.get("$else") {
            Some(value) => Some(self.expr(value, &push_pointer(pointer, "$else"))?),
            None if self.on_missing == OnMissing::Omit => None,
            None => Some(Expr::Raw((*b"null").into())),
        };
        Some(Expr::If(Box::new(If { condition: condition?, then: then?, otherwise })))
    }
}

/// Whether a part is written as it stands: a `$literal` is not.
fn is_itself(expr: &Expr, node: Node<'_>) -> bool {
    matches!(expr, Expr::Raw(json) if **json == *node.raw().as_bytes())
}

fn raw(node: Node<'_>) -> Expr {
    Expr::Raw(node.raw().as_bytes().into())
}

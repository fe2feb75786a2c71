//! Paths as expressions: `payload["a"]` and `at!(payload["a"])` where there can be one value, a walk
//! from `select(payload)` where there can be many. Not here: what is inside `[?…]` (`logic`).

use crate::shape::eject::code::Code;
use crate::shape::eject::code::Is;
use crate::shape::eject::code::quoted;
use crate::shape::eject::writer::CodeWriter;
use crate::shape::query::Segment;
use crate::shape::query::Selector;
use crate::shape::source::Path;
use crate::shape::source::PathBase;

impl CodeWriter {
    /// What a path begins at.
    pub(super) fn base(&mut self, base: PathBase) -> &'static str {
        match base {
            PathBase::Root => {
                self.uses.payload = true;
                "payload"
            }
            PathBase::Item => {
                self.uses.item = true;
                "item"
            }
            PathBase::Wrapper => {
                self.uses.payload = true;
                "wrapped"
            }
        }
    }

    /// `&payload["a"]`, which is null where there is nothing, if the path is so plain.
    pub(super) fn index(&mut self, path: &Path) -> Option<Code> {
        let places = places(path.query.segments())?;
        if places.is_empty() {
            let base = self.base(path.base);
            return Some(Code::new(Is::Value, format!("Value::clone({base})")));
        }
        if places.contains("[-") {
            return None;
        }
        Some(Code::new(Is::Lent, format!("&{}{places}", self.base(path.base))))
    }

    /// The first value, an `Option<&Value>`.
    pub(super) fn first(&mut self, path: &Path, pointer: &str) -> Code {
        let base = self.base(path.base);
        let text = match places(path.query.segments()) {
            Some(places) => format!("at!({base}{places})"),
            None => format!("{}.first()", self.walk(base, path.query.segments(), "payload", pointer)),
        };
        Code::new(Is::MaybeLent, text)
    }

    /// All values, as `Nodes`.
    pub(super) fn many(&mut self, path: &Path, pointer: &str) -> String {
        let base = self.base(path.base);
        let root = if path.base == PathBase::Wrapper { "wrapped" } else { "payload" };
        self.walk(base, path.query.segments(), root, pointer)
    }

    /// A walk through segments; `root` is what `$` stands for inside of `[?…]`.
    pub(super) fn walk(&mut self, base: &str, segments: &[Segment], root: &str, pointer: &str) -> String {
        let mut text = format!("select({base})");
        for segment in segments {
            let selectors = match segment {
                Segment::Child(selectors) => selectors,
                Segment::Descendant(selectors) => {
                    text.push_str(".deep()");
                    selectors
                }
            };
            if let [only] = &**selectors {
                text.push_str(&self.selector(only, root, pointer));
                continue;
            }
            let several: Vec<String> = selectors
                .iter()
                .map(|one| format!("select(it){}", self.selector(one, root, pointer)))
                .collect();
            text.push_str(&format!(".pick(|it| [{}])", several.join(", ")));
        }
        text
    }

    fn selector(&mut self, selector: &Selector, root: &str, pointer: &str) -> String {
        match selector {
            Selector::Name(name) => format!(".key({})", quoted(name)),
            Selector::Index(index) => format!(".index({index})"),
            Selector::Wildcard => ".all()".to_owned(),
            Selector::Slice { start, end, step } => format!(".slice({start:?}, {end:?}, {step})"),
            Selector::Filter(logic) => format!(".filter(|it| {})", self.logic(logic, root, pointer)),
        }
    }
}

/// `["a"][0]` for names and indexes alone.
pub(super) fn places(segments: &[Segment]) -> Option<String> {
    let place = |segment: &Segment| match segment {
        Segment::Child(selectors) => match &**selectors {
            [Selector::Name(name)] => Some(format!("[{}]", quoted(name))),
            [Selector::Index(index)] => Some(format!("[{index}]")),
            _ => None,
        },
        Segment::Descendant(_) => None,
    };
    segments.iter().map(place).collect()
}

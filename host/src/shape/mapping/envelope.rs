//! What a mapping says of a delivery besides its body: headers, event type, method, path.
//! Not here: what a destination allows of it (`egress`).

use crate::shape::budget::Budget;
use crate::shape::fault::EvalFault;
use crate::shape::fault::push_pointer;
use crate::shape::mapping::expr::Expr;
use crate::shape::mapping::output::OutputCompiler;
use crate::shape::mapping::write::Writer;
use crate::shape::mapping::write::Wrote;
use crate::shape::source::ValueScope;
use crate::shape::spec;
use crate::shape::tape::Document;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;

/// Headers that belong to the connection, not to a mapping.
const FRAMING: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
const METHODS: &[&str] = &["POST", "PUT", "PATCH", "DELETE", "GET"];

/// What a mapping set besides the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapped {
    /// Names in lower case with their values. A header whose value is null or missing is not there.
    pub headers: Vec<(String, String)>,
    /// The delivery's event type.
    pub event_type: Option<String>,
    /// POST, PUT, PATCH, DELETE or GET.
    pub method: Option<String>,
    /// Begins with `/`; may have a query.
    pub path: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Envelope {
    pub(crate) headers: Vec<(Box<str>, Expr)>,
    pub(crate) event_type: Option<Expr>,
    pub(crate) method: Option<Expr>,
    pub(crate) path: Option<Expr>,
}

impl Envelope {
    pub(super) fn compile(root: Node<'_>, compiler: &mut OutputCompiler<'_>) -> Self {
        let mut envelope = Self::default();
        if let Some(headers) = root.get("headers") {
            if headers.kind() != NodeKind::Object {
                compiler
                    .faults
                    .add("/headers", format!("`headers` must be an object, not {}", spec::seen(headers)));
            }
            for (name, value) in headers.members() {
                let pointer = push_pointer("/headers", &name);
                if let Err(detail) = header_name(&name) {
                    compiler.faults.add(&pointer, detail);
                }
                let value = compiler.expr(value, &pointer);
                constant(value.as_ref(), &pointer, header_value, compiler);
                envelope.headers.extend(value.map(|value| (name.to_ascii_lowercase().into(), value)));
            }
        }
        let mut part = |name: &str, valid: fn(&str) -> Result<(), String>| {
            let node = root.get(name)?;
            let pointer = push_pointer("", name);
            compiler.url_path = name == "path";
            let part = compiler.expr(node, &pointer);
            compiler.url_path = false;
            constant(part.as_ref(), &pointer, valid, compiler);
            part
        };
        envelope.event_type = part("event_type", text_value);
        envelope.method = part("method", method);
        envelope.path = part("path", path);
        envelope
    }

    /// Every part with its place in the mapping.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Expr> {
        let headers = self.headers.iter().map(|(_, value)| value);
        headers.chain(&self.event_type).chain(&self.method).chain(&self.path)
    }

    pub(super) fn map(&self, scope: &ValueScope<'_>, budget: &mut Budget) -> Result<Mapped, EvalFault> {
        let mut mapped = Mapped::default();
        for (name, expr) in &self.headers {
            let pointer = push_pointer("/headers", name);
            if let Some(value) = text(expr, &pointer, scope, budget)? {
                check(&pointer, &value, header_value(&value))?;
                mapped.headers.push((name.to_string(), value));
            }
        }
        let mut part = |expr: &Option<Expr>, pointer: &str, valid: fn(&str) -> Result<(), String>| {
            let Some(expr) = expr else { return Ok(None) };
            let Some(value) = text(expr, pointer, scope, budget)? else { return Ok(None) };
            check(pointer, &value, valid(&value))?;
            Ok(Some(value))
        };
        mapped.event_type = part(&self.event_type, "/event_type", text_value)?;
        mapped.method = part(&self.method, "/method", method)?;
        mapped.path = part(&self.path, "/path", path)?;
        Ok(mapped)
    }
}

/// What is the same for every event is checked at once.
fn constant(
    expr: Option<&Expr>,
    pointer: &str,
    valid: fn(&str) -> Result<(), String>,
    compiler: &mut OutputCompiler<'_>,
) {
    let Some(Expr::Raw(json)) = expr else { return };
    let Ok(document) = Document::parse(json) else { return };
    if let Some(text) = document.root().as_str()
        && let Err(detail) = valid(&text)
    {
        compiler.faults.add(pointer, detail);
    }
}

/// The text an expression comes to; `None` for null or nothing.
fn text(
    expr: &Expr,
    pointer: &str,
    scope: &ValueScope<'_>,
    budget: &mut Budget,
) -> Result<Option<String>, EvalFault> {
    let mut json = Vec::new();
    if (Writer { budget }).write(expr, scope, &mut json)? == Wrote::Nothing {
        return Ok(None);
    }
    let json = String::from_utf8(json).unwrap_or_default();
    let not_text = || "a string, number or boolean is needed here".to_owned();
    let document = Document::parse(json.as_bytes());
    let document = check(pointer, &json, document.map_err(|fault| fault.to_string()))?;
    let root = document.root();
    match root.kind() {
        NodeKind::Null => Ok(None),
        NodeKind::String => Ok(root.as_str().map(std::borrow::Cow::into_owned)),
        NodeKind::Number | NodeKind::Boolean => Ok(Some(root.raw().to_owned())),
        NodeKind::Array | NodeKind::Object => check(pointer, &json, Err(not_text())),
    }
}

fn check<T>(pointer: &str, seen: &str, result: Result<T, String>) -> Result<T, EvalFault> {
    result.map_err(|detail| EvalFault {
        pointer: pointer.to_owned(),
        path: String::new(),
        seen: crate::shape::fault::bounded(seen).to_owned(),
        detail,
    })
}

/// RFC 9110, 5.6.2, and none of the headers that frame a request.
fn header_name(name: &str) -> Result<(), String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > 256 || !name.bytes().all(token) {
        return Err(format!("`{name}` is not a header name"));
    }
    if FRAMING.contains(&&*name.to_ascii_lowercase()) {
        return Err(format!("the header `{name}` belongs to the connection and cannot be mapped"));
    }
    Ok(())
}

/// What HTTP sends in a header: visible ASCII, blanks and tabs (RFC 9110, 5.5, leaves no meaning to more).
fn header_value(value: &str) -> Result<(), String> {
    text_value(value)?;
    match value.chars().find(|char| !char.is_ascii()) {
        Some(char) => Err(format!(
            "a header cannot have `{char}`: encode the value, such as with `url_encode` or `base64`"
        )),
        None => Ok(()),
    }
}

fn text_value(value: &str) -> Result<(), String> {
    if value.len() > 8192 {
        return Err("the value is longer than 8192 bytes".to_owned());
    }
    match value.chars().find(|char| char.is_control() && *char != '\t') {
        Some(char) => Err(format!("the control character U+{:04X} cannot be sent here", u32::from(char))),
        None => Ok(()),
    }
}

fn method(value: &str) -> Result<(), String> {
    if METHODS.contains(&value) {
        Ok(())
    } else {
        Err(format!("the method must be one of {}", METHODS.join(", ")))
    }
}

/// A path below the destination's origin, with perhaps a query; nothing that would leave it.
fn path(value: &str) -> Result<(), String> {
    let plain = value.split('?').next().unwrap_or("");
    if !value.starts_with('/') || value.starts_with("//") {
        return Err("the path must begin with one `/`".to_owned());
    }
    if value.len() > 4096 || !value.bytes().all(|byte| byte.is_ascii_graphic()) || value.contains(['#', '\\'])
    {
        return Err(
            "the path must be visible ASCII without `#` and `\\`: use `url_encode` on the parts that may have others"
                .to_owned(),
        );
    }
    let dots = |segment: &str| matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | "..");
    if plain.split('/').any(dots) {
        return Err("the path must not have `.` or `..` segments".to_owned());
    }
    Ok(())
}

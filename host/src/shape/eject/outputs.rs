//! Outputs as a whole: objects, arrays, `$each` and `$if`. Not here: their fields (`fields`).

use crate::shape::eject::code::Code;
use crate::shape::eject::code::Is;
use crate::shape::eject::code::constant;
use crate::shape::eject::code::indented;
use crate::shape::eject::code::quoted;
use crate::shape::eject::writer::CodeWriter;
use crate::shape::mapping::Each;
use crate::shape::mapping::Expr;
use crate::shape::mapping::If;
use crate::shape::tape::Document;

impl CodeWriter {
    /// What an expression comes to. The recursion is as deep as the mapping, at most 64.
    pub(super) fn expr(&mut self, expr: &Expr) -> Code {
        match expr {
            Expr::Raw(json) => constant(&String::from_utf8_lossy(json)),
            Expr::Field(field) => self.field(field),
            Expr::Object(members) => {
                let mut text = "object()".to_owned();
                for member in members {
                    let name = key(&member.key);
                    let value = self.expr(&member.value).text;
                    text.push_str(&format!("\n    .set({}, {})", quoted(&name), indented(&value, 4)));
                }
                Code::new(Is::Builder, text)
            }
            Expr::Array(values) => {
                let mut text = "list()".to_owned();
                for value in values {
                    let value = self.expr(value).text;
                    text.push_str(&format!("\n    .push({})", indented(&value, 4)));
                }
                Code::new(Is::Builder, text)
            }
            Expr::Each(each) => self.each(each),
            Expr::If(choice) => self.choice(choice),
        }
    }

    fn each(&mut self, each: &Each) -> Code {
        let over = match each.over.query.is_singular() {
            true => format!("items({})", self.first(&each.over, &each.pointer).text),
            false => format!("{}.nodes()", self.many(&each.over, &each.pointer)),
        };
        let outer = std::mem::take(&mut self.uses.item);
        let value = indented(&self.expr(&each.value).text, 8);
        let item = if self.uses.item { "item" } else { "_" };
        self.uses.item = outer;
        let text = format!(
            "{{\n    let mut all = list();\n    for {item} in {over} {{\n        all = all.push({value});\n    }}\n    all\n}}"
        );
        Code::new(Is::Builder, text)
    }

    fn choice(&mut self, choice: &If) -> Code {
        let condition = self.clause(&choice.condition);
        let then = self.expr(&choice.then);
        let otherwise = choice.otherwise.as_ref().map(|expr| self.expr(expr));
        let is_optional = then.is_optional() || otherwise.as_ref().is_none_or(Code::is_optional);
        let branch = |code: Code| indented(&if is_optional { code.option() } else { code.value() }, 4);
        let (then, otherwise) = (branch(then), otherwise.map_or("None".to_owned(), branch));
        let is = if is_optional { Is::Maybe } else { Is::Value };
        Code::new(is, format!("if {condition} {{\n    {then}\n}} else {{\n    {otherwise}\n}}"))
    }
}

/// The name of a member, which is kept as JSON with its colon.
fn key(json: &[u8]) -> String {
    let json = json.strip_suffix(b":").unwrap_or(json);
    let document = Document::parse(json);
    document.ok().and_then(|name| Some(name.root().as_str()?.into_owned())).unwrap_or_default()
}

//! The arguments of `#[plugin(…)]`.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, Lit, LitStr, Meta, MetaNameValue, Path, Result, Token};

/// What was given; nothing here is a default.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) name: Option<LitStr>,
    pub(crate) version: Option<LitStr>,
    pub(crate) description: Option<LitStr>,
    pub(crate) headers: Vec<LitStr>,
    pub(crate) http: Vec<LitStr>,
    pub(crate) secrets: Vec<LitStr>,
    pub(crate) examples: Option<LitStr>,
    pub(crate) batch: Option<Path>,
}

const KNOWN: &str = "name, version, description, headers, http, secrets, examples, batch";

impl Arguments {
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        let mut arguments = Self::default();
        for meta in Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens)? {
            let given = meta.require_name_value()?;
            let Some(ident) = given.path.get_ident() else {
                return Err(Error::new_spanned(&given.path, format!("expected one of {KNOWN}")));
            };
            match ident.to_string().as_str() {
                "name" => arguments.name = Some(text(given)?),
                "version" => arguments.version = Some(text(given)?),
                "description" => arguments.description = Some(text(given)?),
                "headers" => arguments.headers = texts(given)?,
                "http" => arguments.http = texts(given)?,
                "secrets" => arguments.secrets = texts(given)?,
                "examples" => arguments.examples = Some(text(given)?),
                "batch" => arguments.batch = Some(path(given)?),
                _ => {
                    return Err(Error::new_spanned(ident, format!("expected one of {KNOWN}")));
                }
            }
        }
        arguments.check()?;
        Ok(arguments)
    }

    fn check(&self) -> Result<()> {
        if let Some(name) = &self.name {
            check_name(&name.value()).map_err(|fault| Error::new_spanned(name, fault))?;
        }
        if self.headers.len() > 64 {
            return Err(Error::new_spanned(&self.headers[64], "at most 64 headers"));
        }
        for wanted in [&self.http, &self.secrets] {
            if wanted.len() > 20 {
                return Err(Error::new_spanned(&wanted[20], "at most 20"));
            }
        }
        for header in &self.headers {
            let name = header.value();
            // What begins with a colon is of the request: the parameters of a query may have any name.
            let wrong = |byte: u8| byte.is_ascii_uppercase() || byte <= b' ';
            if name.is_empty() || !name.starts_with(':') && name.bytes().any(wrong) {
                return Err(Error::new_spanned(header, "a header's name in lower case is expected"));
            }
        }
        Ok(())
    }
}

/// The rule of the contract for the name of a plugin.
pub(crate) fn check_name(name: &str) -> std::result::Result<(), String> {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if begins && name.len() <= 64 && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(format!("`{name}` cannot be the name of a plugin: 1 to 64 of a-z, 0-9, - and _, a letter first"))
}

fn text(given: &MetaNameValue) -> Result<LitStr> {
    literal(&given.value)
}

fn literal(value: &Expr) -> Result<LitStr> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
        other => Err(Error::new_spanned(other, "expected a string")),
    }
}

fn texts(given: &MetaNameValue) -> Result<Vec<LitStr>> {
    match &given.value {
        Expr::Array(array) => array.elems.iter().map(literal).collect(),
        other => Err(Error::new_spanned(other, "expected strings in brackets, as in [\"x-shop\"]")),
    }
}

fn path(given: &MetaNameValue) -> Result<Path> {
    match &given.value {
        Expr::Path(path) => Ok(path.path.clone()),
        other => Err(Error::new_spanned(other, "expected the name of a function")),
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn faulty_arguments_are_explained() {
        let check = |tokens: TokenStream, expected: &str| {
            let fault = Arguments::parse(tokens).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(fault.contains(expected) && fault.is_empty() == expected.is_empty(), "{fault}");
        };
        check(quote!(), "");
        check(quote!(name = "a-b_2", version = "1", description = "d", headers = ["x-a"], batch = m::f), "");
        check(quote!(nmae = "a"), "expected one of name, version");
        check(quote!(name = "A"), "`A` cannot be the name of a plugin");
        check(quote!(name = 1), "expected a string");
        check(quote!(headers = "x-a"), "expected strings");
        check(quote!(headers = ["X-A"]), "in lower case");
        check(quote!(headers = [":query.TenantId"]), "");
        check(quote!(batch = "f"), "the name of a function");
    }
}

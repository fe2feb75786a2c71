//! What the function under `#[plugin]` must look like, and what is read from it.

use syn::{Error, FnArg, ItemFn, Lit, Meta, Result, ReturnType, Type};

const EXPECTED: &str = "a plugin is `fn name(event: &Event) -> Result<Verdict>` or \
                        `fn name(event: &Event, config: &Config) -> Result<Verdict>`";

/// The type of the configuration; none when the function does not take one.
pub(crate) fn config_type(function: &ItemFn) -> Result<Option<Type>> {
    let signature = &function.sig;
    if let Some(asyncness) = &signature.asyncness {
        return Err(Error::new_spanned(asyncness, format!("{EXPECTED}; it is not async")));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new_spanned(&signature.generics, format!("{EXPECTED}; without generics")));
    }
    if matches!(signature.output, ReturnType::Default) {
        return Err(Error::new_spanned(signature, EXPECTED));
    }
    let arguments: Vec<&FnArg> = signature.inputs.iter().collect();
    match arguments.as_slice() {
        [event] => referent(event).map(|_| None),
        [event, config] => {
            referent(event)?;
            referent(config).map(Some)
        }
        _ => Err(Error::new_spanned(signature, EXPECTED)),
    }
}

/// `T` of an argument `name: &T`.
fn referent(argument: &FnArg) -> Result<Type> {
    if let FnArg::Typed(typed) = argument {
        if let Type::Reference(reference) = &*typed.ty {
            if reference.mutability.is_none() {
                return Ok((*reference.elem).clone());
            }
        }
    }
    Err(Error::new_spanned(argument, EXPECTED))
}

/// The doc comment in one line; empty when there is none.
pub(crate) fn doc_comment(function: &ItemFn) -> String {
    let lines = function.attrs.iter().filter_map(|attribute| {
        let Meta::NameValue(given) = &attribute.meta else {
            return None;
        };
        let syn::Expr::Lit(value) = &given.value else {
            return None;
        };
        match &value.lit {
            Lit::Str(line) if given.path.is_ident("doc") => Some(line.value().trim().to_string()),
            _ => None,
        }
    });
    lines.collect::<Vec<_>>().join(" ").trim().to_string()
}

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

#[cfg(test)]
mod tests {
    use quote::ToTokens as _;
    use syn::parse_quote;

    use super::*;

    #[test]
    fn only_the_two_forms_are_plugins() {
        let check = |function: ItemFn, expected: std::result::Result<Option<&str>, &str>| {
            let seen = config_type(&function);
            match (&seen, expected) {
                (Ok(seen), Ok(expected)) => {
                    let seen = seen.as_ref().map(|config| config.to_token_stream().to_string());
                    assert_eq!(seen.as_deref(), expected);
                }
                (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
                _ => panic!("{}", function.to_token_stream()),
            }
        };
        check(
            parse_quote!(
                fn f(event: &Event) -> Result<Verdict> {}
            ),
            Ok(None),
        );
        check(
            parse_quote!(
                fn f(_: &Event, config: &Config) -> Result<Verdict> {}
            ),
            Ok(Some("Config")),
        );
        check(
            parse_quote!(
                fn f() -> Result<Verdict> {}
            ),
            Err("a plugin is"),
        );
        check(
            parse_quote!(
                fn f(event: Event) -> Result<Verdict> {}
            ),
            Err("a plugin is"),
        );
        check(
            parse_quote!(
                fn f(event: &mut Event) -> Result<Verdict> {}
            ),
            Err("a plugin is"),
        );
        check(
            parse_quote!(
                fn f(event: &Event) {}
            ),
            Err("a plugin is"),
        );
        check(
            parse_quote!(
                async fn f(event: &Event) -> Result<Verdict> {}
            ),
            Err("it is not async"),
        );
        check(
            parse_quote!(
                fn f<T>(event: &Event) -> Result<Verdict> {}
            ),
            Err("without generics"),
        );
    }

    #[test]
    fn a_doc_comment_becomes_one_line() {
        let function: ItemFn = parse_quote! {
            /// One,
            /// two.
            #[must_use]
            fn f() {}
        };
        assert_eq!(doc_comment(&function), "One, two.");
    }
}

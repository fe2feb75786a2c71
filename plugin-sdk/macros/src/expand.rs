//! Writes the code: the function as it is, a type of the same name that is the plugin, and its
//! exports.

use std::path::Path;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Error, ItemFn, Result};

use crate::attribute::{Arguments, check_name};
use crate::examples;
use crate::signature;

pub(crate) fn plugin(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let arguments = Arguments::parse(arguments)?;
    let function: ItemFn = syn::parse2(item)?;
    let config = signature::config_type(&function)?;
    let about = about(&arguments, &function)?;

    let name = &function.sig.ident;
    let visibility = &function.vis;
    let (config_type, call) = match &config {
        Some(config) => (quote!(#config), quote!(#name(event, config))),
        None => {
            let none = quote!(::hookmill_plugin_sdk::NoConfig);
            (none, quote!({ let _ = config; #name(event) }))
        }
    };
    let batch = arguments.batch.as_ref().map(|batch| {
        quote! {
            fn transform_batch(
                events: &[::hookmill_plugin_sdk::Event],
                config: &Self::Config,
            ) -> ::std::vec::Vec<::hookmill_plugin_sdk::Result<::hookmill_plugin_sdk::Verdict>> {
                #batch(events, config)
            }
        }
    });

    // A type and a function may share a name: functions live among the values.
    Ok(quote! {
        #function

        #[doc(hidden)]
        #[derive(Debug)]
        #[allow(non_camel_case_types)]
        #visibility struct #name {}

        const _: () = {
            impl ::hookmill_plugin_sdk::Plugin for #name {
                type Config = #config_type;
                const ABOUT: ::hookmill_plugin_sdk::About = #about;

                fn transform(
                    event: &::hookmill_plugin_sdk::Event,
                    config: &Self::Config,
                ) -> ::hookmill_plugin_sdk::Result<::hookmill_plugin_sdk::Verdict> {
                    #call
                }

                #batch
            }

            // Natively nothing calls the plugin but its tests; this keeps it from being called dead code.
            let _ = <#name as ::hookmill_plugin_sdk::Plugin>::transform_batch;

            #[cfg(target_arch = "wasm32")]
            type Exported = ::hookmill_plugin_sdk::__private::Glue<#name>;
            #[cfg(target_arch = "wasm32")]
            ::hookmill_plugin_sdk::__private::export_guest!(
                Exported with_types_in ::hookmill_plugin_sdk::__private::bindings
            );
        };
    })
}

/// The manifest's constant part. The examples are read by the compiler, so that a changed one is a
/// reason to compile again; `HOOKMILL_EXAMPLES` is set by `hookmill plugin build` to the list of
/// their names, so that a new one is as well.
fn about(arguments: &Arguments, function: &ItemFn) -> Result<TokenStream> {
    let fault = |fault: String| Error::new(Span::call_site(), fault);
    let name = match &arguments.name {
        Some(name) => name.value(),
        None => {
            let name = cargo_says("CARGO_PKG_NAME");
            check_name(&name)
                .map_err(|text| fault(format!("{text}; give it one: #[plugin(name = \"…\")]")))?;
            name
        }
    };
    let version = match &arguments.version {
        Some(version) => quote!(#version),
        None => quote!(::std::env!("CARGO_PKG_VERSION")),
    };
    let description = match &arguments.description {
        Some(description) => description.value(),
        None => signature::doc_comment(function),
    };
    let (headers, http, secrets) = (&arguments.headers, &arguments.http, &arguments.secrets);
    let batch = arguments.batch.is_some();
    let is_named = arguments.examples.is_some();
    let folder = arguments.examples.as_ref().map_or("examples".into(), |folder| folder.value());
    let root = cargo_says("CARGO_MANIFEST_DIR");
    let files = examples::names(&Path::new(&root).join(&folder), is_named).map_err(fault)?;
    let from_root = |path: &str| {
        let path = format!("/{path}");
        quote!(::std::concat!(::std::env!("CARGO_MANIFEST_DIR"), #path))
    };
    let dir = from_root(&folder);
    let texts = files.iter().map(|file| {
        let path = from_root(&format!("{folder}/{file}"));
        quote!((#file, ::std::include_str!(#path)))
    });
    Ok(quote! {{
        const _: ::std::option::Option<&str> = ::std::option_env!("HOOKMILL_EXAMPLES");
        ::hookmill_plugin_sdk::About {
            name: #name,
            version: #version,
            description: #description,
            headers: &[#(#headers),*],
            http: &[#(#http),*],
            secrets: &[#(#secrets),*],
            batch: #batch,
            examples_dir: #dir,
            examples: &[#(#texts),*],
        }
    }})
}

/// Cargo tells a macro about the crate it is used in, in no other way.
fn cargo_says(variable: &str) -> String {
    std::env::var_os(variable).and_then(|value| value.into_string().ok()).unwrap_or_default()
}

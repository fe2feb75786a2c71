//! Core modules in the form of the component model, as the gateway would make them at an upload.

use anyhow::Context as _;
use wit_component::ComponentEncoder;
use wit_component::StringEncoding;
use wit_parser::Resolve;

use crate::cli::plugin::build::kit;

/// The component of a module that carries its WIT. `hint` says what was probably forgotten.
pub(super) fn of(module: &[u8], hint: &str) -> anyhow::Result<Vec<u8>> {
    let encoded = ComponentEncoder::default().validate(true).module(module).and_then(|encoder| {
        let mut encoder = encoder;
        encoder.encode()
    });
    encoded.map_err(|error| anyhow::anyhow!("the module is no plugin: {error:#}; {hint}"))
}

/// Puts the world's WIT into a module that was compiled without. It offers all grants; those that the module does not call
/// do not come into the component.
pub(super) fn with_world(mut module: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    let mut sources = wit_parser::SourceMap::default();
    for (path, text) in kit::WIT {
        sources.push_str(path, *text);
    }
    let parsed = sources.parse().map_err(|(_, error)| anyhow::anyhow!("read the contract: {error}"))?;
    let package = resolve.push_group(parsed).context("read the contract")?;
    let world = resolve.select_world(&[package], Some("plugin-with-grants")).context("read the contract")?;
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .context("put the contract into the module")?;
    Ok(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_module_is_refused() {
        let error = of(b"\0asm\x01\0\0\0\xff", "is it one?").unwrap_err().to_string();
        assert!(error.contains("the module is no plugin") && error.contains("is it one?"), "{error}");
    }

    #[test]
    fn the_contract_is_put_into_a_module() {
        let module = with_world(b"\0asm\x01\0\0\0".to_vec()).unwrap();
        // It is known now what the module lacks.
        let error = of(&module, "").unwrap_err().to_string();
        assert!(error.contains("manifest") || error.contains("transform"), "{error}");
    }
}

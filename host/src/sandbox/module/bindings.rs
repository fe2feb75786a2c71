//! The host's side of `wit/`, generated. Nothing is written here by hand.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "plugin-with-grants",
    imports: {
        "hookmill:plugin/http.fetch": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    ownership: Borrowing { duplicate_if_necessary: true },
});

/// Exports are the same with and without grants, and which imports are linked is decided elsewhere.
pub(crate) use PluginWithGrants as Plugin;
pub(crate) use PluginWithGrantsPre as PluginPre;

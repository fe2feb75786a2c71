//! The `#[plugin]` attribute. Documented where it is re-exported, in `hookmill-plugin-sdk`; not a
//! crate to depend on by itself.

mod attribute;
mod examples;
mod expand;
mod signature;

use proc_macro::TokenStream;

/// Makes a plugin of a function `fn(&Event) -> Result<Verdict>` or `fn(&Event, &Config) ->
/// Result<Verdict>`.
///
/// | argument | |
/// | --- | --- |
/// | `name = "…"` | instead of the package's: 1 to 64 of `a-z`, `0-9`, `-`, `_`, a letter first |
/// | `version = "…"` | instead of the package's |
/// | `description = "…"` | instead of the function's doc comment |
/// | `headers = ["…"]` | the headers that events shall carry, in lower case; none unless asked for; also `:method`, `:path`, `:query`, `:query.NAME` of the request |
/// | `examples = "…"` | the folder of the example files; `examples`, unless given |
/// | `batch = function` | `fn(&[Event], &Config) -> Vec<Result<Verdict>>`, for what is cheaper together |
///
/// Each `*.json` of the examples' folder is one example as `wit/README.md` describes it. They travel
/// in the plugin, run when it is uploaded and must pass there.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
///
/// /// Names the shop in the type of its events.
/// #[plugin(name = "shop-type", headers = ["x-shop"])]
/// fn transform(event: &Event) -> Result<Verdict> {
///     let shop = event.headers.get("x-shop").or_refuse("no x-shop header")?;
///     Ok(forward(event).event_type(&format!("{shop}.{}", event.event_type)))
/// }
/// # fn main() {
/// # use hookmill_plugin_sdk::testing;
/// # let sale = testing::event("").event_type("sale").header("x-shop", "main");
/// # let output = testing::run::<transform>(sale).expect_forward().one();
/// # assert_eq!(output.event_type.as_deref(), Some("main.sale"));
/// # }
/// ```
#[proc_macro_attribute]
pub fn plugin(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::plugin(arguments.into(), item.into()).unwrap_or_else(|error| error.into_compile_error()).into()
}

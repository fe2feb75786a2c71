//! Settings: one table says of each its key, type, default and meaning; from it come the parser,
//! the environment's names and the documented file. This room alone reads the environment.
//! Read `table` (the settings), `value` (their types), `load` (where they come from) and `template` (the file).
//!
//! Not here: the flags themselves (`cli`), and what a setting does (whoever is handed it).

mod fault;
mod given;
mod load;
mod reader;
mod sources;
mod table;
mod template;
#[cfg(test)]
mod tests;
mod value;

pub use fault::BadKey;
pub use fault::SettingOrigin;
pub use sources::Override;
pub use sources::Sources;
pub use sources::from_environment;
pub use sources::proxy_variables;
pub use table::Alerts;
pub use table::Config;
pub use table::Delivery;
pub use table::Egress;
pub use table::InterpretedPlugins;
pub use table::Limits;
pub use table::Log;
pub use table::Plugins;
pub use table::Server;
pub use table::Store;
pub use template::print;
pub use value::ByteSize;
pub use value::LogStyle;
pub use value::RetryName;

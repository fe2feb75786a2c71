//! `hookmill schema`: what documents look like, for editors and CI; needs no gateway. Not here: how it is made
//! (`http::openapi`).

use crate::cli::Exit;
use crate::cli::text::print;
use crate::http;

pub(crate) const HELP: &str = "An editor that knows JSON Schema is told of it in the first line of a file:

  hookmill schema > hookmill.schema.json
  # yaml-language-server: $schema=./hookmill.schema.json";

/// Prints it.
pub(crate) fn run() -> Exit {
    print(&format!("{:#}\n", http::config_schema()))
}

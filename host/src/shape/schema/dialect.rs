//! Which draft a schema is written in, and what differs between them. Not here: keywords that are the same in all
//! (`keywords`).

use crate::shape::fault::SpecFault;
use crate::shape::fault::bounded;
use crate::shape::tape::Node;

/// A draft, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SchemaDraft {
    /// Drafts 6 and 7: what stands beside `$ref` does not count, `items` may be a list.
    Seven,
    /// 2019-09: `items` may be a list.
    Nineteen,
    /// 2020-12.
    Twenty,
}

impl SchemaDraft {
    /// By the root's `$schema`; 2020-12 without one.
    pub(super) fn of(root: Node<'_>) -> Result<Self, SpecFault> {
        let Some(named) = root.get("$schema") else { return Ok(Self::Twenty) };
        let uri = named.as_str().unwrap_or_default();
        let uri = uri.trim_end_matches('#').trim_start_matches("http://").trim_start_matches("https://");
        match uri {
            "json-schema.org/draft/2020-12/schema" => Ok(Self::Twenty),
            "json-schema.org/draft/2019-09/schema" => Ok(Self::Nineteen),
            "json-schema.org/draft-07/schema" | "json-schema.org/draft-06/schema" => Ok(Self::Seven),
            _ => Err(SpecFault::new(
                "/$schema",
                format!(
                    "`{}` is no draft that is checked here; use \"https://json-schema.org/draft/2020-12/schema\", \
                     2019-09, or draft 7 or 6",
                    bounded(named.raw())
                ),
            )),
        }
    }

    /// Whether a list in `items` says what the first elements have to fit.
    pub(super) fn lists_items(self) -> bool {
        self != Self::Twenty
    }

    /// Whether `$ref` replaces everything beside it.
    pub(super) fn ref_is_alone(self) -> bool {
        self == Self::Seven
    }
}

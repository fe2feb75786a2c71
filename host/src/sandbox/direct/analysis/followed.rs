//! What a guest that runs directly may be made of: a positive list of WebAssembly's features and operators. What is not on
//! it, and whatever comes with a later version of the engine, is not known to be put back, and so runs as a component. Not
//! here: sections of modules (`part`) and of components (`wiring`), which have such lists of their own.

use wasmparser::Operator;
use wasmparser::Validator;
use wasmparser::WasmFeatures;

use crate::sandbox::direct::analysis::plan::Why;

/// Of these all that can change is memory, globals, tables and segments. Whatever else is possible only with another
/// feature, a validator without it refuses.
pub(in crate::sandbox::direct) const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Whether a component, with all within it, is made of these features alone.
pub(in crate::sandbox::direct) fn features(component: &[u8]) -> Result<(), Why> {
    match Validator::new_with_features(FEATURES).validate_all(component) {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(Why::new(format!("a feature of WebAssembly that is not followed: {}", error.message())))
        }
    }
}

/// Makes `is_followed` of all operators there are. A proposal that has no arm in `proposal!` does not compile.
macro_rules! operators {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $type:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
        /// Whether what an operator changes is put back.
        pub(in crate::sandbox::direct) fn is_followed(operator: &Operator<'_>) -> bool {
            match operator {
                $( Operator::$op { .. } => proposal!($proposal $op), )*
                // The parser may come to know others.
                _ => false,
            }
        }

        /// Every operator, with its proposal.
        #[cfg(test)]
        const OPERATORS: &[(&str, &str)] = &[$((stringify!($proposal), stringify!($op))),*];
    };
}

/// Whether an operator of a proposal is followed.
macro_rules! proposal {
    // They compute, and change memory and globals.
    (mvp $op:ident) => {
        true
    };
    (sign_extension $op:ident) => {
        true
    };
    (saturating_float_to_int $op:ident) => {
        true
    };
    (simd $op:ident) => {
        true
    };
    // Of these, some change tables and segments, for good.
    (bulk_memory MemoryInit) => {
        true
    };
    (bulk_memory MemoryCopy) => {
        true
    };
    (bulk_memory MemoryFill) => {
        true
    };
    (bulk_memory $op:ident) => {
        false
    };
    (reference_types TypedSelect) => {
        true
    };
    (reference_types TypedSelectMulti) => {
        true
    };
    (reference_types RefNull) => {
        true
    };
    (reference_types RefIsNull) => {
        true
    };
    (reference_types RefFunc) => {
        true
    };
    (reference_types TableGet) => {
        true
    };
    (reference_types TableSize) => {
        true
    };
    (reference_types $op:ident) => {
        false
    };
    // Nobody looked at what these change.
    (relaxed_simd $op:ident) => {
        false
    };
    (exceptions $op:ident) => {
        false
    };
    (legacy_exceptions $op:ident) => {
        false
    };
    (tail_call $op:ident) => {
        false
    };
    (memory_control $op:ident) => {
        false
    };
    (threads $op:ident) => {
        false
    };
    (shared_everything_threads $op:ident) => {
        false
    };
    (gc $op:ident) => {
        false
    };
    (function_references $op:ident) => {
        false
    };
    (stack_switching $op:ident) => {
        false
    };
    (wide_arithmetic $op:ident) => {
        false
    };
    (custom_descriptors $op:ident) => {
        false
    };
}

wasmparser::for_each_operator!(operators);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sandbox::module::engine;
    use crate::sandbox::module::tier::INTERPRETED;

    /// Features that exist and are not followed. A name that is on neither list is a new one: look at what it can change
    /// before it goes to [`FEATURES`].
    const NOT_FOLLOWED: &[&str] = &[
        "RELAXED_SIMD",
        "THREADS",
        "SHARED_EVERYTHING_THREADS",
        "TAIL_CALL",
        "MULTI_MEMORY",
        "EXCEPTIONS",
        "MEMORY64",
        "FUNCTION_REFERENCES",
        "MEMORY_CONTROL",
        "GC",
        "CUSTOM_PAGE_SIZES",
        "LEGACY_EXCEPTIONS",
        "GC_TYPES",
        "STACK_SWITCHING",
        "WIDE_ARITHMETIC",
        "CM_VALUES",
        "CM_NESTED_NAMES",
        "CM_ASYNC",
        "CM_ASYNC_STACKFUL",
        "CM_MORE_ASYNC_BUILTINS",
        "CM_THREADING",
        "CM_ERROR_CONTEXT",
        "CM_FIXED_LENGTH_LISTS",
        "CM_GC",
        "CUSTOM_DESCRIPTORS",
        "COMPACT_IMPORTS",
        "CM_MAP",
        "CM64",
        "CM_IMPLEMENTS",
        "CM_CANON_NAMES",
    ];

    #[test]
    fn each_feature_there_is_was_looked_at() {
        for (name, feature) in WasmFeatures::all().iter_names() {
            let is_known = FEATURES.contains(feature) != NOT_FOLLOWED.contains(&name);
            assert!(is_known, "{name}: follow it, or name it among those that are not followed");
        }
    }

    /// Operators of each proposal. Another number means that the parser knows new ones: look at what they change.
    #[test]
    fn each_operator_there_is_was_looked_at() {
        let mut seen = BTreeMap::new();
        for (proposal, _) in OPERATORS {
            *seen.entry(*proposal).or_insert(0_u32) += 1;
        }
        let followed: BTreeMap<_, _> = seen
            .into_iter()
            .filter(|(proposal, _)| FOLLOWED.iter().any(|(known, _)| known == proposal))
            .collect();
        assert_eq!(followed, BTreeMap::from(FOLLOWED));
    }

    const FOLLOWED: [(&str, u32); 6] = [
        ("mvp", 172),
        ("sign_extension", 5),
        ("saturating_float_to_int", 8),
        ("simd", 236),
        ("bulk_memory", 7),
        ("reference_types", 10),
    ];

    /// The engine takes modules with features that are not followed: its defaults. Each of them runs as a component.
    #[test]
    fn what_the_engine_takes_besides_is_seen() {
        let engine = engine::compiler(&INTERPRETED).unwrap();
        let (mut taken, mut not) = (Vec::new(), Vec::new());
        for (feature, module) in [
            ("tail-call", "(module (func return_call 0))"),
            ("multi-memory", "(module (memory 1) (memory 1))"),
            ("externref", "(module (table 1 externref))"),
            (
                "relaxed-simd",
                "(module (func (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1))))",
            ),
            ("threads", "(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))"),
            ("memory64", "(module (memory i64 1))"),
            ("exceptions", "(module (tag))"),
            ("gc", "(module (type (struct (field i32))))"),
            (
                "function-references",
                "(module (type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0))))",
            ),
            (
                "wide-arithmetic",
                "(module (func (param i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 0))))",
            ),
            ("custom-page-sizes", "(module (memory 1 (pagesize 1)))"),
            ("none", "(module (memory 1) (func (drop (memory.grow (i32.const 1)))))"),
        ] {
            let module = wat::parse_str(module).unwrap();
            let is_taken = engine.precompile_module(&module).is_ok();
            let is_followed = Validator::new_with_features(FEATURES).validate_all(&module).is_ok();
            assert_eq!(is_followed, feature == "none", "{feature}");
            if is_taken { taken.push(feature) } else { not.push(feature) }
        }
        // Whatever comes to this list with a later engine was looked at above.
        assert_eq!(taken, ["tail-call", "multi-memory", "function-references", "none"], "not taken: {not:?}");
    }
}

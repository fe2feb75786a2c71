//! Counting what a module has of what costs something. Not here: walking through the module (`scan`), the limits and
//! holding it against them (`tier`).

use wasmparser::BinaryReaderError;
use wasmparser::CustomSectionReader;
use wasmparser::FunctionBody;
use wasmparser::Instance;
use wasmparser::InstanceSectionReader;
use wasmparser::KnownCustom;
use wasmparser::MemorySectionReader;
use wasmparser::Name;
use wasmparser::Operator;
use wasmparser::TableSectionReader;

/// Bytes of a page of memory.
const PAGE: u64 = 64 << 10;

/// What there is of what costs something: totals, and the most of any one part.
#[derive(Debug, Default)]
pub(crate) struct ModuleFigures {
    pub code_bytes: u64,
    pub functions: u64,
    pub body_bytes: u64,
    pub locals: u64,
    pub locals_blocks: u64,
    pub branch_targets: u64,
    pub table_elements: u64,
    pub tables_of_a_module: u64,
    pub memory_bytes: u64,
    pub core_instances: u64,
    pub name_bytes: u64,
}

impl ModuleFigures {
    pub(crate) fn function(&mut self, body: &FunctionBody<'_>) -> Result<(), BinaryReaderError> {
        let bytes = body.range().len() as u64;
        let (mut locals, mut blocks) = (0, 0_u64);
        for local in body.get_locals_reader()? {
            locals += u64::from(local?.0);
        }
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            match operators.read()? {
                Operator::BrTable { targets } => self.branch_targets += u64::from(targets.len()) + 1,
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => blocks += 1,
                _ => {}
            }
        }
        self.code_bytes += bytes;
        self.body_bytes = self.body_bytes.max(bytes);
        self.locals = self.locals.max(locals);
        self.locals_blocks = self.locals_blocks.max(locals.saturating_mul(blocks));
        Ok(())
    }

    pub(crate) fn tables(&mut self, tables: &TableSectionReader<'_>) -> Result<(), BinaryReaderError> {
        self.tables_of_a_module = self.tables_of_a_module.max(u64::from(tables.count()));
        for table in tables.clone() {
            self.table_elements = self.table_elements.max(table?.ty.initial);
        }
        Ok(())
    }

    pub(crate) fn memories(&mut self, memories: &MemorySectionReader<'_>) -> Result<(), BinaryReaderError> {
        for memory in memories.clone() {
            self.memory_bytes = self.memory_bytes.max(memory?.initial.saturating_mul(PAGE));
        }
        Ok(())
    }

    pub(crate) fn instances(
        &mut self,
        instances: &InstanceSectionReader<'_>,
    ) -> Result<(), BinaryReaderError> {
        for instance in instances.clone() {
            // The others only give names to what is there.
            self.core_instances += u64::from(matches!(instance?, Instance::Instantiate { .. }));
        }
        Ok(())
    }

    /// Names that a backtrace may show. What comes after the first that is malformed, the engine leaves out too.
    pub(crate) fn names(&mut self, custom: &CustomSectionReader<'_>) {
        let KnownCustom::Name(names) = custom.as_known() else { return };
        for name in names.into_iter().map_while(Result::ok) {
            let longest = match name {
                Name::Module { name, .. } => name.len(),
                Name::Function(functions) => functions
                    .into_iter()
                    .map_while(Result::ok)
                    .map(|naming| naming.name.len())
                    .max()
                    .unwrap_or(0),
                _ => 0,
            };
            self.name_bytes = self.name_bytes.max(longest as u64);
        }
    }
}

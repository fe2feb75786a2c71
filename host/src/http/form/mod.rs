//! Request bodies, read by hand: every fault of a document is told at once with its JSON pointer,
//! unknown and repeated fields are faults, and the text of steps and payloads stays byte for byte
//! what it was. The tables of fields that are read here also make the API's description.

mod duration;
mod field;
mod object;
mod text;
mod values;

pub(crate) use duration::show as show_duration;
pub(crate) use field::Field;
pub(crate) use field::Shape;
pub(crate) use field::field;
pub(crate) use object::Form;
pub(crate) use object::Mode;
pub(crate) use object::Object;
pub(crate) use values::Item;

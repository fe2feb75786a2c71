//! The contract of all backends.

use crate::store::contract::contract_suite;
use crate::store::sled::tests::Temporary;

contract_suite!(Temporary::new());

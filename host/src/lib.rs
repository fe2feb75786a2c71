//! hookmill
pub mod domain;

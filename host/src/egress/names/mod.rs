//! From names to addresses. Not here: which addresses are dialled (`connect::address`).

pub(in crate::egress) mod resolver;

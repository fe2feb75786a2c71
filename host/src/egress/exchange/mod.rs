//! One request and its answer, on a connection that is there or is made for it. Read `send` (the course of it), `outgoing`
//! (what is sent) and `answer` (what is read of the answer).
//!
//! Not here: making connections (`connect`), what an answer means (`delivery`, `rules`).

mod answer;
pub(in crate::egress) mod outgoing;
pub(in crate::egress) mod send;

//! Answers what providers ask of a URL before they send events to it. Pure. Not here: whether the
//! request is from the provider (`verify`); which provider asks what is in the presets.

mod answer;
mod part;
#[cfg(test)]
mod tests;

pub use answer::ChallengeAnswer;
pub use answer::ChallengeReply;
pub use answer::Keys;
pub use answer::answer;
pub use part::part;

//! What authenticates is taken out before anything is kept or shown: of requests at sources (`inbound`), of what
//! receivers answer (`outbound`). Which headers and texts those are: `credential`. Not here: how a secret is found in a
//! text (`domain::secret`).

mod credential;
mod inbound;
mod outbound;
#[cfg(test)]
mod tests;

pub use credential::is_credential;
pub use inbound::Inbound;
pub use outbound::Outbound;
pub use outbound::bytes_without;
pub use outbound::headers_without;
pub use outbound::without;

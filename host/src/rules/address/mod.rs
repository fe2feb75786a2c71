//! May this address, this URL be called? Every address a name resolves to is asked about, and the
//! one that was asked about is the one dialled. Pure: nobody asks a name server here.

mod ip;
#[cfg(test)]
mod tests;
mod url;

pub use ip::AddressRefusal;
pub use ip::check;
pub use ip::is_listed;
pub use url::CheckedUrl;
pub use url::UrlPolicy;
pub use url::UrlRefusal;
pub use url::check_url;

//! Which certificates are trusted: the system's, else those of Mozilla that are built in, and
//! the operator's own.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio_rustls::TlsConnector;

use crate::egress::error::EgressError;

/// A connector that verifies servers and speaks HTTP/1.1.
pub(in crate::egress) fn connector(extra_ca: Option<&Path>) -> Result<TlsConnector, EgressError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if let Some(path) = extra_ca {
        add_extra(&mut roots, path)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| EgressError::Tls(error.to_string()))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Whether the operator's own certificates can be used.
pub(in crate::egress) fn check_extra(extra_ca: Option<&Path>) -> Result<(), EgressError> {
    extra_ca.map_or(Ok(()), |path| add_extra(&mut RootCertStore::empty(), path))
}

fn add_extra(roots: &mut RootCertStore, path: &Path) -> Result<(), EgressError> {
    let fault = |detail: String| EgressError::ExtraCa { path: path.to_path_buf(), detail };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| fault(error.to_string()))?;
    let mut added = 0;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| fault(error.to_string()))?;
        roots.add(certificate).map_err(|error| fault(error.to_string()))?;
        added += 1;
    }
    if added == 0 { Err(fault("it holds no certificate".into())) } else { Ok(()) }
}

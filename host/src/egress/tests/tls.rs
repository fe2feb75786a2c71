//! TLS: whom to trust. The certificates in `data` are for `hook.test` and end in 2126.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::WebPkiClientVerifier;
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

use crate::domain::delivery::ErrorCode;
use crate::egress::Egress;
use crate::egress::EgressOptions;
use crate::egress::Resolver;
use crate::egress::Sent;
use crate::egress::tests::LONG;
use crate::egress::tests::failed;
use crate::egress::tests::options;
use crate::egress::tests::peer::Peer;
use crate::egress::tests::request;
use crate::egress::tests::status;

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("data/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("data/server.key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// The same, for clients that show a certificate of the same authority.
fn acceptor_that_asks(version: &'static rustls::SupportedProtocolVersion) -> TlsAcceptor {
    let pem = |bytes| CertificateDer::from_pem_slice(bytes).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("data/server.key.pem")).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(pem(include_bytes!("data/authority.pem"))).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let chain = vec![pem(include_bytes!("data/server.pem"))];
    let config = builder.with_client_cert_verifier(clients).with_single_cert(chain, key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A peer that speaks TLS and answers every request.
async fn peer() -> Peer {
    let acceptor = acceptor();
    Peer::new(move |peer, stream| {
        let acceptor = acceptor.clone();
        async move {
            // A client that does not trust it goes away.
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            while peer.read(&mut stream).await {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            }
        }
    })
    .await
}

/// Sends twice to `host`, which is at the peer's address.
async fn send(peer: &Peer, host: &str, extra_ca: Option<&Path>) -> [Sent; 2] {
    let loopback = |_: &str| vec![[127, 0, 0, 1].into()];
    let resolver = Arc::new(Resolver::Given(Arc::new(loopback)));
    let egress =
        Egress::new(EgressOptions { extra_ca: extra_ca.map(Path::to_owned), resolver, ..options() }).unwrap();
    let url = format!("https://{host}:{}/", peer.address.port());
    let target = egress.target(&egress.check_url(&url).unwrap());
    let first = egress.send(&target, request("{}"), LONG).await;
    [first, egress.send(&target, request("{}"), LONG).await]
}

/// The authority's certificate in a file of its own.
fn authority() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), include_bytes!("data/authority.pem")).unwrap();
    file
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted() {
    let (peer, authority) = (peer().await, authority());
    for host in ["hook.test", "hook.test."] {
        for sent in send(&peer, host, Some(authority.path())).await {
            assert_eq!(status(&sent), 200, "{host}");
        }
    }
    assert_eq!(peer.connections(), 2, "one per target");
}

#[tokio::test]
async fn an_unknown_authority_is_not() {
    let peer = peer().await;
    for sent in send(&peer, "hook.test", None).await {
        failed(
            &sent,
            ErrorCode::TlsFailed,
            "put its certificate into a PEM file and name that in the setting `egress.extra_ca`",
        );
    }
    assert!(peer.requests().is_empty());
}

#[tokio::test]
async fn a_certificate_of_somebody_else_is_not() {
    let (peer, authority) = (peer().await, authority());
    for host in ["other.test", "127.0.0.1"] {
        for sent in send(&peer, host, Some(authority.path())).await {
            failed(&sent, ErrorCode::TlsFailed, "certificate is for another host");
        }
    }
    assert!(peer.requests().is_empty());
}

#[tokio::test]
async fn a_peer_without_tls_is_named() {
    let plain = Peer::new(|_, mut stream| async move {
        // The client may be gone before it is told.
        let _gone = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    })
    .await;
    for sent in send(&plain, "hook.test", None).await {
        failed(&sent, ErrorCode::TlsFailed, "this port seems to speak no TLS");
    }
    // One that ends the connection without a word.
    let mute = Peer::new(|_, stream| async move { drop(stream) }).await;
    for sent in send(&mute, "hook.test", None).await {
        failed(&sent, ErrorCode::TlsFailed, "this port seems to speak no TLS");
    }
}

#[tokio::test]
async fn plain_http_to_a_port_of_tls_is_named() {
    let (peer, egress) = (peer().await, Egress::new(options()).unwrap());
    let target = egress.target(&egress.check_url(&format!("http://{}/", peer.address)).unwrap());
    let sent = egress.send(&target, request("{}"), LONG).await;
    failed(&sent, ErrorCode::BadResponse, "speaks TLS on this port");
}

#[tokio::test]
async fn a_peer_that_wants_a_certificate_is_named() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let acceptor = acceptor_that_asks(version);
        let peer = Peer::new(move |peer, stream| {
            let acceptor = acceptor.clone();
            async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    peer.read(&mut stream).await;
                }
            }
        })
        .await;
        let authority = authority();
        for sent in send(&peer, "hook.test", Some(authority.path())).await {
            failed(&sent, ErrorCode::TlsFailed, "client certificate");
        }
    }
}

#[tokio::test]
async fn an_authority_that_shows_itself_is_named() {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("data/self.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("data/self.key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let peer = Peer::new(move |_, stream| {
        let acceptor = acceptor.clone();
        async move { drop(acceptor.accept(stream).await) }
    })
    .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), include_bytes!("data/self.pem")).unwrap();
    for sent in send(&peer, "hook.test", Some(file.path())).await {
        failed(&sent, ErrorCode::TlsFailed, "shows the certificate of an authority as its own");
    }
}

//! Why there is no TLS with a peer, in sentences that say what to do. Not here: who is trusted (`tls`).

use std::error::Error;
use std::io;

use rustls::AlertDescription;
use rustls::CertificateError;

use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::SendError;

/// What an attempt that came to nothing for it shows.
pub(in crate::egress) fn send_error(authority: &str, detail: String) -> SendError {
    SendError { code: ErrorCode::TlsFailed, detail: format!("no TLS with {authority}: {detail}") }
}

/// Why a handshake failed.
pub(in crate::egress) fn explain_handshake(error: &io::Error) -> String {
    match (within(error), error.kind()) {
        (Some(fault), _) => explain(fault),
        (None, io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
            format!(
                "it ended the connection in the middle of the handshake: {NOT_TLS}, or it turned this client away"
            )
        }
        (None, _) => error.to_string(),
    }
}

/// Why an established connection broke, if TLS is the reason: a peer of TLS 1.3 says only after the
/// handshake that it wants a certificate.
pub(in crate::egress) fn explain_break(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(fault) = error.downcast_ref::<io::Error>().and_then(within) {
            return Some(explain(fault));
        }
        cause = error.source();
    }
    None
}

fn within(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

const NOT_TLS: &str = "this port seems to speak no TLS; if it speaks plain HTTP, the URL begins with http://";
const CLIENT_CERTIFICATE: &str =
    "it wants a client certificate, and there is none to show: hookmill has no setting for one";

fn explain(fault: &rustls::Error) -> String {
    match fault {
        rustls::Error::InvalidMessage(_) => format!("{NOT_TLS} ({fault})"),
        rustls::Error::AlertReceived(alert) => explain_alert(*alert),
        rustls::Error::InvalidCertificate(fault) => explain_certificate(fault),
        other => other.to_string(),
    }
}

fn explain_alert(alert: AlertDescription) -> String {
    use AlertDescription as Alert;
    match alert {
        Alert::CertificateRequired | Alert::NoCertificate => CLIENT_CERTIFICATE.to_owned(),
        // What servers of TLS 1.2 say for the same, and for other things.
        Alert::HandshakeFailure | Alert::BadCertificate | Alert::AccessDenied => format!(
            "it broke off the handshake ({alert:?}): it has no protocol version and cipher in common with this \
             client (TLS 1.2 and 1.3), or {CLIENT_CERTIFICATE}"
        ),
        Alert::ProtocolVersion => {
            "it speaks neither TLS 1.2 nor TLS 1.3, and older ones are not spoken here".to_owned()
        }
        Alert::UnrecognisedName => "it serves no host of this name".to_owned(),
        other => format!("it broke off ({other:?})"),
    }
}

fn explain_certificate(fault: &CertificateError) -> String {
    match fault {
        CertificateError::UnknownIssuer => "its certificate was issued by an authority that is not trusted here \
             (UnknownIssuer). If the authority is your own, put its certificate into a PEM file and name that in \
             the setting `egress.extra_ca`; if it is a public one, the server does not send the certificates between"
            .to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("its certificate has expired, or the clock here is wrong ({fault})")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("its certificate is not valid yet, or the clock here is wrong ({fault})")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("its certificate is for another host: {fault}")
        }
        CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "it shows the certificate of an authority as its own (self-signed, marked as CA): such a one proves \
             no server. Issue one for the server from it, and name the authority's in the setting `egress.extra_ca`"
                .to_owned()
        }
        other => format!("its certificate cannot be used: {other}"),
    }
}

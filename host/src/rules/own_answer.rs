//! What a source may answer of its own: media types that no browser runs, and headers that tell a browser nothing.
//! Answers of sources come from the dashboard's origin, and whoever may write sources must not get at the keys that
//! are used there. Not here: what every answer of a source has besides (`http`).

/// Media types. XML is among them because Twilio and others want it; no browser shows it, see [`is_download`].
const MEDIA_TYPES: [&str; 4] = ["text/plain", "application/json", "application/xml", "text/xml"];

/// Headers. A fixed list: names that begin with `x-` mean something to browsers (`x-frame-options`) and to proxies
/// (`x-accel-redirect`), too, and nobody knows all of them.
const HEADERS: [&str; 6] = [
    "content-language",
    "content-type",
    "webhook-allowed-origin",
    "webhook-allowed-rate",
    "x-correlation-id",
    "x-request-id",
];

/// Whether an answer may have this header, its name in lower case; if not, what would do.
pub fn check(name: &str, value: &str) -> Result<(), String> {
    if !HEADERS.contains(&name) {
        return Err(format!(
            "a source's answer cannot have the header `{name}`: it comes from the same origin as the dashboard. \
             Possible are {}",
            HEADERS.join(", ")
        ));
    }
    if name == "content-type" && media_type(value).is_none() {
        return Err(format!(
            "a source's answer cannot be `{}`: it comes from the same origin as the dashboard. Possible are {}, \
             with no parameter but charset=utf-8",
            value.chars().take(100).collect::<String>(),
            MEDIA_TYPES.join(", ")
        ));
    }
    Ok(())
}

/// Whether a browser must be told to save the answer, not to show it: XML can be a page.
pub fn is_download(content_type: &str) -> bool {
    media_type(content_type).is_none_or(|media| media.ends_with("/xml"))
}

/// One of [`MEDIA_TYPES`]. Another charset could give the bytes another meaning.
fn media_type(value: &str) -> Option<&'static str> {
    let (media, parameters) =
        value.split_once(';').map_or((value, None), |(media, rest)| (media, Some(rest)));
    let utf8 = |text: &str| {
        let bare = text.trim().to_ascii_lowercase().replace('"', "");
        bare.is_empty() || bare == "charset=utf-8"
    };
    if !parameters.is_none_or(utf8) {
        return None;
    }
    MEDIA_TYPES.into_iter().find(|known| media.trim().eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_type_that_a_browser_runs() {
        let check_type = |value: &str, good: bool| {
            assert_eq!(check("content-type", value).is_ok(), good, "{value:?}");
        };
        for good in
            ["text/plain", "text/plain; charset=utf-8", "Application/JSON;charset=\"UTF-8\"", "text/xml;"]
        {
            check_type(good, true);
        }
        for bad in [
            "",
            "text/html",
            "text/html, text/plain",
            "text/plain, text/html",
            "text/plain; charset=utf-7",
            "text/plain; charset=utf-8; charset=utf-7",
            "text/javascript",
            "application/javascript",
            "text/css",
            "image/svg+xml",
            "application/xhtml+xml",
            "application/xslt+xml",
            "application/atom+xml",
            "multipart/x-mixed-replace",
            "application/pdf",
            "application/octet-stream",
            "application/wasm",
            "application/manifest+json",
            "text/event-stream",
            "text/cache-manifest",
            "message/rfc822",
        ] {
            check_type(bad, false);
        }
        assert!(is_download("application/xml; charset=utf-8") && is_download("text/xml") && is_download("?"));
        assert!(!is_download("text/plain") && !is_download("application/json"));
    }

    #[test]
    fn no_header_that_means_something_to_a_browser() {
        for bad in [
            "set-cookie",
            "content-security-policy",
            "content-security-policy-report-only",
            "x-content-type-options",
            "service-worker-allowed",
            "clear-site-data",
            "location",
            "refresh",
            "link",
            "access-control-allow-origin",
            "access-control-allow-credentials",
            "strict-transport-security",
            "alt-svc",
            "sourcemap",
            "x-accel-redirect",
            "x-sendfile",
            "cache-control",
            "www-authenticate",
            "permissions-policy",
            "reporting-endpoints",
            "nel",
            "content-disposition",
            "content-encoding",
            "hookmill-event-id",
            "origin-agent-cluster",
            "speculation-rules",
        ] {
            let said = check(bad, "x").unwrap_err();
            assert!(said.contains(bad) && said.contains("x-request-id"), "{said}");
        }
        assert_eq!(check("x-request-id", "1"), Ok(()));
    }
}

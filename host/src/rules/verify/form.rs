//! Form bodies (`application/x-www-form-urlencoded`).

use crate::rules::verify::SignedRequest;

/// Whether the body says it is a form.
pub(super) fn is_form(request: &SignedRequest<'_>) -> bool {
    let media_type = request.headers.get("content-type").unwrap_or("").split(';').next().unwrap_or("");
    media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Names and values of a form, sorted, each pair once, without anything between them; nothing
/// for any other body. As Twilio's own libraries do it.
pub(super) fn sorted(request: &SignedRequest<'_>) -> Vec<u8> {
    if !is_form(request) {
        return Vec::new();
    }
    let mut fields: Vec<_> = url::form_urlencoded::parse(request.body).collect();
    fields.sort_unstable();
    fields.dedup();
    fields.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]).flatten().copied().collect()
}

//! Whose key a request comes with, and whether it may. Not here: keys of sources (`ingest`).

use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::header::WWW_AUTHENTICATE;

use crate::control::Principal;
use crate::domain::config::Scope;
use crate::domain::visible::visible_line;
use crate::http::door::Access;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::site::Site;

/// The header with the id or name of the workspace that an operator acts in.
pub(crate) const WORKSPACE: &str = "hookmill-workspace";

/// Lets in who may, as whom.
pub(crate) fn admit(site: &Site, access: Access, headers: &HeaderMap) -> Result<Option<Principal>, Problem> {
    let Access::Key(scope) = access else { return Ok(None) };
    let refused = |detail: &str| Problem::new(Kind::Unauthorized, detail).header(WWW_AUTHENTICATE, "Bearer");
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.ok_or_else(|| refused("send a key of the API as `Authorization: Bearer hm_…`"))?;
    let token = given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let (_, token) = token.ok_or_else(|| refused("the header Authorization must be `Bearer` and a key"))?;
    let principal = site.doors.control.authenticate(token.trim());
    let principal =
        principal.ok_or_else(|| refused("this key is unknown, expired, or the key of a source"))?;
    check_scope(&principal, scope)?;
    acting(site, principal, headers).map(Some)
}

/// Who has a key of the operator's may say in which workspace the request is meant.
fn acting(site: &Site, principal: Principal, headers: &HeaderMap) -> Result<Principal, Problem> {
    let Some(wanted) = headers.get(WORKSPACE) else { return Ok(principal) };
    let shown = String::from_utf8_lossy(wanted.as_bytes()).into_owned();
    let found = site.doors.control.acting_in(principal, &shown);
    found.ok_or_else(|| {
        let shown = visible_line(&shown);
        let detail =
            format!("there is no workspace `{shown}` that this key may act in (header `Hookmill-Workspace`)");
        Problem::new(Kind::NotFound, detail)
    })
}

/// Lets this program itself in, as far as it may.
pub(super) fn admit_own(access: Access, own: &Principal) -> Result<Option<Principal>, Problem> {
    if let Access::Key(scope) = access {
        check_scope(own, scope)?;
    }
    Ok(Some(own.clone()))
}

fn check_scope(principal: &Principal, scope: Scope) -> Result<(), Problem> {
    if principal.may(scope) {
        return Ok(());
    }
    let name = scope_name(scope);
    Err(Problem::new(Kind::Forbidden, format!("this needs a key with the scope `{name}`")))
}

/// What the key was let in for, it must still be let in for.
pub(super) fn still_admitted(
    site: &Site,
    access: Access,
    principal: Option<&Principal>,
) -> Result<(), Problem> {
    let (Access::Key(scope), Some(principal)) = (access, principal) else { return Ok(()) };
    if site.doors.control.still_may(principal, scope) {
        return Ok(());
    }
    let detail = "this key was deleted or has expired while the request was under way";
    Err(Problem::new(Kind::Unauthorized, detail).header(WWW_AUTHENTICATE, "Bearer"))
}

/// What a scope is called.
pub(super) fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Write => "write",
        Scope::Ingest => "ingest",
        Scope::Admin => "admin",
    }
}

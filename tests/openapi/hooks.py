"""What schemathesis need not tell: requests that are valid by the schema and refused for something that no schema can
say. Anything else that is refused is a bound that the description does not know."""

import json
import re

import schemathesis

# What depends on what there is.
STATE = [
    "there is no .+ in this workspace", "there is no workspace .+ may make keys for", "another .+ has the name",
    "came before", "no event was received before", "has passed", "upload it first",
    "the body is longer than", "plain http is not allowed", "a number from 1 to", "stays that", "of its name along",
    "has no such column", "names the columns", "a column with an index", "is required, and there is none", "the table has",
    "of the type json", "of a column without doubles", "is required: map it", "has no column", "and takes no", "name the table", "there is no column", "another column is called", "is there twice", "has the same value",
    "which no event type would be in", "the catalogue has .+ already",
]
# One field forbids another, or wants one.
PAIRS = [
    "give either", "^give ", "not both", "only the profile", "leave this out", "both want", "name a preset",
    "say what to try", "say what this is", "say what is to be so", "only what is in a set", "has no time of signing", "only the preset", "give the secret",
    "the token is empty", "has no secret", "it is needed", "it means nothing without", "expected an? (text|object|list)", "has no such parameter",
    "names no header", "does not say where the timestamp is", "names no id_header", "that holds it", "one of the secrets that sign",
    "name a source", "of one event", "exactly one of", "a destination needs a URL", "needs `",
    "either a `retry` or a `replay`", "only a retry has this", "events could be held to", "without a group name",
]
# What a parser of its own reads: queries, URLs, names, mappings, filters, modules.
GRAMMARS = [
    "is not a JSONPath", "must begin with", "is not a URL", "https?:", "not a header", "name of a header",
    "no header can carry", "a name for basic", "secret('s name| must| has)", "at most 30 days", "a mapping ", "clause",
    "is no ", "expected any of", "stands for something else", "stands for the alerts", "or a range of them", "blanks around a pattern", "has no commas",
    "cannot exclude", "no regular expressions", "alternatives in braces", "not WebAssembly",
    "control characters", "a fixed key", "must not be empty", "must contain", "cannot be",
    "cannot have the header", "not written as the scheme says", "is not a top-level path", "without `}`", "is not known; there are",
    "the document: not valid JSON", "a row is ", "no text with commas", "to choose from", "has choices", "a type must not look like an id", "this is one type and no pattern", "which mappings have for paths",
    "expected (text|a number|a whole number|true or false|a time|one of)", "1 to 60 of", "the row has", "a choice has", "no cursor",
]
ALLOWED = re.compile("|".join(STATE + PAIRS + GRAMMARS))
# Where such a text stands: its parser may say anything.
PARSED = re.compile("/(path|expr)$|^/(schema|example|document)(/|$)")


REPLAYED = json.dumps(
    {"type": "https://hookmill.dev/problems/replayed", "title": "Of before", "status": 403, "detail": ""}
).encode()


def _is_known(response):
    problem = response.json()
    faults = problem.get("errors", []) or [{"pointer": "", "detail": problem.get("detail", "")}]
    return all(ALLOWED.search(fault["detail"]) or PARSED.search(fault["pointer"]) for fault in faults)


@schemathesis.hook
def after_call(context, case, response):
    """Turns a refusal for such a reason alone into one that any request with a key may get, and so an answer of before,
    which may tell of a thing that is gone."""
    if "idempotent-replayed" in response.headers:
        response.status_code = 403
        response.headers["content-type"] = ["application/problem+json"]
        response.content = REPLAYED
    if response.status_code == 503 and response.json().get("type", "").endswith("/source-paused"):
        # Somebody paused it: the sender is to come again, and no server has failed.
        response.status_code = 403
    if response.status_code not in (400, 413, 422):
        return
    try:
        if _is_known(response):
            response.status_code = 403
    except (ValueError, KeyError):
        return


@schemathesis.serializer("application/wasm", "application/octet-stream")
def bytes_as_they_are(context, value):
    """A module is bytes."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()

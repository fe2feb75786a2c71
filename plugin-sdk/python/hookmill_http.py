"""The grant `http`: requests to the hosts that the connection names.

For one event at most 10, of 5 s each and 10 s together; bodies of 256 KiB to send and 1 MiB to get. Redirects are
answers. A project that imports this module asks for the grant (`import hookmill_http as http`); hosts it should be given
stand in its manifest: `"wants": {"http": ["crm.example.com"]}`.
"""

from hookmill import Refusal, granted, of_json, to_json


# What the contract's errors are called in the code that componentize-py makes.
KINDS = {"Error_Refused": "refused", "Error_TimedOut": "timed-out", "Error_Failed": "failed"}


class HttpError(Refusal):
    """Why there is no answer; `kind` is `refused` (not sent), `timed-out` or `failed`. Not caught, it refuses the event."""

    def __init__(self, kind, detail):
        super().__init__(f"{kind.replace('-', ' ')}: {detail}")
        self.kind = kind


class Response:
    """An answer, whatever its status."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def ok(self):
        """Whether the status is 200 to 299."""
        return 200 <= self.status < 300

    def expect_ok(self):
        """The answer if its status is 200 to 299; another refuses the event."""
        if not self.ok:
            raise Refusal(f"the answer has status {self.status}")
        return self

    def header(self, name):
        """A header's value, the first if there are several, or None."""
        return next((value for have, value in self.headers if have == name.lower()), None)

    def text(self):
        """The body as text."""
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            raise Refusal("the answer is not UTF-8") from None

    def json(self):
        """The body as JSON."""
        return of_json(self.body, "the answer")


def fetch(url, method=None, headers=None, body=b"", json=None, bearer=None):
    """Makes a request and waits for the answer, which costs no CPU time. `json` is a value to send, `bearer` a token."""
    sent = list((headers or {}).items())
    if json is not None:
        sent.append(("content-type", "application/json"))
        body = to_json(json)
    if bearer is not None:
        sent.append(("authorization", f"Bearer {bearer}"))
    body = body.encode() if isinstance(body, str) else body
    host = granted("http")
    try:
        answer = host.fetch(host.Request(method or ("POST" if body else "GET"), str(url), sent, body))
    except Exception as error:
        kind = KINDS.get(type(getattr(error, "value", None)).__name__)
        if kind is None:
            raise
        raise HttpError(kind, error.value.value) from None
    return Response(answer.status, answer.headers, answer.body)

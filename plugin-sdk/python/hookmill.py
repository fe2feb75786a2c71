"""What a plugin in Python is written with.

`hookmill plugin build` puts this file into the project and makes the entry of the component, which calls `World`. It
imports nothing of the component, so that plain Python can load a plugin as well.
"""

import json


class Event:
    """One event, as it came in."""

    def __init__(self, raw):
        self.id = raw.id
        self.type = raw.event_type
        self.source = raw.source
        self.received_at = raw.received_at
        self.headers = raw.headers
        self.content_type = raw.content_type
        self.payload = raw.payload

    def text(self):
        """The payload as text; what is not UTF-8 refuses the event."""
        try:
            return self.payload.decode()
        except UnicodeDecodeError:
            raise Refusal("the payload is not UTF-8") from None

    def json(self, **options):
        """The payload as JSON; anything else refuses the event. Options are those of `json.loads`."""
        try:
            return json.loads(self.payload, **options)
        except ValueError as error:
            raise Refusal(f"the payload: {error}") from None

    def header(self, name):
        """A header that the manifest asks for, or None."""
        return next((value for have, value in self.headers if have == name.lower()), None)


class Output:
    """One payload to deliver: bytes, or text."""

    def __init__(self, payload, type=None, headers=None, ordering_key=None):
        self.payload = payload.encode() if isinstance(payload, str) else payload
        if not isinstance(self.payload, (bytes, bytearray)):
            raise Refusal(f"a payload is text or bytes, not {payload.__class__.__name__}")
        self.type = type
        self.headers = list((headers or {}).items())
        self.ordering_key = ordering_key
        for name, value in [("type", type), ("ordering_key", ordering_key), *self.headers]:
            if value is not None and not isinstance(value, str):
                raise Refusal(f"`{name}` of an output is a text, not {value.__class__.__name__}")


class Drop:
    """Do not deliver."""

    def __init__(self, reason):
        self.reason = reason


class Refusal(Exception):
    """Raised: the event is refused. That is final, it is not tried again."""


class Outside(Refusal):
    """The plugin asked for something of the outside that it is not given."""


def to_json(value):
    """JSON without spaces, characters as they are."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def forward(payload, **options):
    """Go on with this payload. Options: type, headers, ordering_key."""
    return [Output(payload, **options)]


def forward_json(value, **options):
    """Go on with this value, as JSON."""
    return forward(to_json(value), **options)


def forward_all(outputs):
    """Go on with all of these outputs; each becomes a delivery of its own."""
    return list(outputs)


def drop(reason):
    """Do not deliver; the reason is kept with the event."""
    return Drop(reason)


# The host's side of each grant. Plain Python has none: code that uses it is tried out by `hookmill plugin test`.
grants = {}


def granted(name):
    """The host's side of a grant. For the modules of the grants, such as hookmill_kv."""
    if name not in grants:
        raise RuntimeError(f"no {name} here: it is there in the gateway and in `hookmill plugin test`")
    return grants[name]


def of_json(data, what):
    """JSON, or a refusal that says what should have been some."""
    try:
        return json.loads(data)
    except ValueError as error:
        raise Refusal(f"{what} is not JSON: {error}") from None


class log:
    """Lines kept with the run of an event."""

    host = None

    @classmethod
    def _say(cls, level, message):
        if cls.host is not None:
            cls.host(level, str(message))

    debug = classmethod(lambda cls, message: cls._say("debug", message))
    info = classmethod(lambda cls, message: cls._say("info", message))
    warn = classmethod(lambda cls, message: cls._say("warn", message))
    error = classmethod(lambda cls, message: cls._say("error", message))


TYPES = {
    "string": str, "boolean": bool, "array": list, "object": dict,
    "integer": int, "number": (int, float), "null": type(None),
}


def check_settings(settings, schema):
    """Holds settings to the simple part of a JSON Schema: what must be there, what is known, of which type."""
    known = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in settings:
            raise Refusal(f"missing setting `{name}`")
    for name, value in settings.items():
        kind = known.get(name, {}).get("type")
        if name not in known and schema.get("additionalProperties") is False:
            raise Refusal(f"unknown setting `{name}`")
        is_wrong = isinstance(value, bool) and kind != "boolean" or not isinstance(value, TYPES.get(kind, object))
        if isinstance(kind, str) and is_wrong:
            raise Refusal(f"the setting `{name}` must be of type {kind}")


class World:
    """The exports of the world, made of a plugin's module and its examples. Errors are raised as Refusal.

    Whoever runs the plugin is told the warnings.
    """

    def __init__(self, plugin, examples, warnings=()):
        self.plugin = plugin
        warned = {"x-warnings": list(warnings)} if warnings else {}
        self.about = json.dumps({**plugin.manifest, "examples": json.loads(examples), **warned})
        self.config = {}

    def configure(self, text):
        self.config = told(lambda: self._configured(json.loads(text)))

    def _configured(self, settings):
        check_settings(settings, self.plugin.manifest.get("config_schema", {}))
        configure = getattr(self.plugin, "configure", None)
        made = configure(settings) if configure else None
        return settings if made is None else made

    def transform(self, raw):
        return told(lambda: judged(self.plugin.transform(Event(raw), self.config)))


def judged(verdict):
    """A verdict, and nothing else."""
    is_one = isinstance(verdict, Drop) or isinstance(verdict, list) and all(isinstance(one, Output) for one in verdict)
    if not is_one:
        raise Refusal(
            f"transform returned {type(verdict).__name__}, and no verdict: return forward_json(…), forward(…), "
            "forward_all([…]) or drop(…)"
        )
    return verdict


def told(call):
    """A plugin's own mistakes become refusals that say where they come from."""
    try:
        return call()
    except Outside as error:
        raise Refusal(f"{error} ({place(error)})") from None
    except Refusal:
        raise
    # SystemExit and the like end no program here.
    except BaseException as error:
        raise Refusal(f"{type(error).__name__}: {error} ({place(error)})") from None


def place(error):
    """Where in the plugin's own files it came about, or else where at all."""
    frames, frame = [], error.__traceback__
    while frame is not None:
        path = frame.tb_frame.f_code.co_filename
        frames.append((path, f"{path.rsplit('/', 1)[-1]}, line {frame.tb_lineno}"))
        frame = frame.tb_next
    outer = [frame for frame in frames if not frame[1].startswith("hookmill")] or frames
    own = [frame for frame in outer if not frame[0].startswith(("/python/", "<frozen"))] or outer
    return own[-1][1]

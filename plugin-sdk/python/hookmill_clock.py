"""The grant `clock`: the time. A project that imports this module asks for it: `import hookmill_clock as clock`."""

from hookmill import granted


def now_ms():
    """Milliseconds since 1970-01-01T00:00:00Z when the gateway began to work on this event; it stands still meanwhile."""
    return granted("clock").now_ms()

"""The grant `kv`: values that a plugin keeps from one event to the next.

What an event writes is kept together with what becomes of the event, or not at all. A project that imports this module
asks for the grant: `import hookmill_kv as kv`.
"""

from hookmill import Refusal, granted, of_json, to_json


def get(key):
    """The bytes kept under a key, or None."""
    return granted("kv").get(key)


def get_json(key):
    """The same as JSON."""
    value = get(key)
    return None if value is None else of_json(value, f"the value of `{key}`")


def set(key, value):
    """Keeps bytes or text. Refuses what exceeds a limit: keys 256 bytes, values 64 KiB, 100 keys and 1 MiB of one event."""
    told(granted("kv").set, key, value.encode() if isinstance(value, str) else value)


def set_json(key, value):
    """Keeps a value as JSON."""
    set(key, to_json(value))


def delete(key):
    """Forgets a value, if there is one."""
    told(granted("kv").delete, key)


def keys(prefix="", limit=1000):
    """Keys that begin with a prefix, in the order of their bytes; at most `limit`, which is at most 1000."""
    return granted("kv").keys(prefix, limit)


def told(call, *arguments):
    """Makes a call whose error is a text."""
    try:
        call(*arguments)
    except Exception as error:
        if not isinstance(getattr(error, "value", None), str):
            raise
        raise Refusal(error.value) from None

"""The grant `random`: numbers that nobody can predict.

A project that imports this module asks for it: `import hookmill_random as random`.
"""

from hookmill import granted


def next():
    """64 random bits."""
    return granted("random").next()


def bytes(length):
    """That many random bytes, at most 4096."""
    return granted("random").bytes(length)

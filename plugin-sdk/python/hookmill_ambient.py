"""What an interpreter has of the outside: the time, chance, files, a console.

The gateway gives a plugin none of it but by a grant, and a call of the system ends the run with words that nobody
understands. So all of it is replaced before the plugin is loaded: by the grant, where the project asks for it, else by a
refusal that says which one it needs. Until the program is loaded it is being built, and all works as usual; what it saw
of the time and of chance then is the same for every event, and noted as a warning. Not for authors.
"""

import _strptime  # noqa: F401  used by datetime.strptime(), which loads it when it is called
import builtins
import datetime
import encodings.ascii  # noqa: F401  as are encodings
import encodings.cp1252  # noqa: F401
import encodings.iso8859_15  # noqa: F401
import encodings.latin_1  # noqa: F401
import encodings.utf_16  # noqa: F401
import encodings.utf_16_be  # noqa: F401
import encodings.utf_16_le  # noqa: F401
import gc
import io
import logging
import os
import posix
import random
import sys
import threading
import time
import zoneinfo

from hookmill import Outside, grants, log

# What a plugin's own modules may use of the system when it runs: it asks the system nothing.
HARMLESS = {"fspath", "strerror", "cpu_count", "putenv", "unsetenv", "get_inheritable", "device_encoding"}

is_running = False

# What was asked of the outside while the program was loaded.
frozen = []

# What is not the author's.
LIBRARY = ("/python/", "<frozen", "/hookmill")


class NoFile(Outside, OSError):
    """A refusal that those who can do without a file take for one that is not there."""


class NotLoaded(Outside, ImportError):
    """A refusal that those who can do without a module take for one that is not there."""


def begin():
    """The program is loaded, and runs."""
    global is_running
    is_running = True


def note(what):
    """Notes that the author's program asked for something while it was loaded."""
    frame = sys._getframe(1)
    while frame is not None and any(part in frame.f_code.co_filename for part in LIBRARY):
        if frame.f_code.co_name == "<module>":
            # A library that is loaded asks for itself.
            return
        frame = frame.f_back
    if frame is not None and len(frozen) < 10:
        place = f"{frame.f_code.co_filename.rsplit('/', 1)[-1]}, line {frame.f_lineno}"
        frozen.append(f"{place}: {what} while the program was loaded, which is when it was built: every event sees the same")


def needed(what, grant, more=""):
    return Outside(f"{what} needs the grant `{grant}`: import hookmill_{grant} in the plugin, and give its step the grant{more}")


def refused(what, why, kind=Outside):
    return kind(f"{what} is not there: {why}")


# The time, which stands still while an event is worked on.


def now_ms(what):
    if "clock" in grants:
        return grants["clock"].now_ms()
    raise needed(what, "clock", "; the event's own time is its received_at")


def clock(name, of_ms):
    real = getattr(time, name)

    def call(*given):
        if is_running:
            return of_ms(now_ms(f"time.{name}()"))
        note(f"time.{name}()")
        return real(*given)

    return call


def at_now(name, is_given):
    """A function of `time` that takes the time, or asks for it."""
    real = getattr(time, name)

    def call(*given):
        if is_given(given) or not is_running:
            return real(*given)
        return real(*given[:1] if name == "strftime" else (), *moment(f"time.{name}()"))

    def moment(what):
        seconds = now_ms(what) / 1000
        return (gmtime(seconds),) if name in ("strftime", "asctime") else (seconds,)

    return call


gmtime = time.gmtime


def datetime_now(cls, tz=None):
    return cls.fromtimestamp(now_s("datetime.now()"), tz)


def datetime_utcnow(cls):
    return cls.fromtimestamp(now_s("datetime.utcnow()"), datetime.timezone.utc).replace(tzinfo=None)


def date_today(cls):
    return cls.fromtimestamp(now_s("date.today()"))


def now_s(what):
    """Seconds since 1970, as the host tells or, while the program is loaded, the machine of the build."""
    if is_running:
        return now_ms(what) / 1000
    note(what)
    return build_time()


build_time = time.time


def replace_clocks():
    for name in ["time", "monotonic", "perf_counter", "process_time", "clock_gettime", "thread_time"]:
        for name, of_ms in [(name, lambda ms: ms / 1000), (f"{name}_ns", lambda ms: ms * 1_000_000)]:
            if hasattr(time, name):
                setattr(time, name, clock(name, of_ms))
    for name in ["gmtime", "localtime", "ctime"]:
        setattr(time, name, at_now(name, lambda given: given and given[0] is not None))
    time.asctime = at_now("asctime", bool)
    time.strftime = at_now("strftime", lambda given: len(given) > 1)
    time.sleep = waits("time.sleep()", time.sleep)
    known = {name: time.get_clock_info(name) for name in ["time", "monotonic", "perf_counter", "process_time"]}
    time.get_clock_info = known.__getitem__
    threading.Condition.wait = waits("waiting for a thread", threading.Condition.wait)
    # The types of `datetime` are closed; this is the dictionary behind the view that they show, before anything was
    # looked up in it.
    (of_date,) = gc.get_referents(datetime.date.__dict__)
    (of_datetime,) = gc.get_referents(datetime.datetime.__dict__)
    of_date["today"] = classmethod(date_today)
    of_datetime["now"] = classmethod(datetime_now)
    of_datetime["utcnow"] = classmethod(datetime_utcnow)
    mine = [datetime.date.today.__func__, datetime.datetime.now.__func__, datetime.datetime.utcnow.__func__]
    if mine != [date_today, datetime_now, datetime_utcnow]:
        raise RuntimeError("this interpreter does not let datetime.now() be replaced: use the componentize-py of requirements.txt")


def waits(what, real):
    def call(*given, **named):
        if is_running:
            raise refused(what, "a plugin does not wait")
        return real(*given, **named)

    return call


# Chance.


def chance(what, length):
    if is_running:
        if "random" in grants:
            host = grants["random"]
            return b"".join(host.bytes(min(4096, length - at)) for at in range(0, length, 4096))
        raise needed(what, "random")
    note(what)
    return urandom(length)


urandom = os.urandom


class Random(random.Random):
    """Numbers of a seed that somebody gave; else, of one from the host, for each event another."""

    def seed(self, a=None, version=2):
        self.is_seeded = a is not None
        if self.is_seeded:
            super().seed(a, version)
        elif not is_running:
            # Replaced before it matters, but for what the program draws while it is loaded.
            super().seed(urandom(32), version)

    def _fresh(self):
        if not self.is_seeded:
            super().seed(chance("random without a seed", 32))
            # One in an instance that is not thrown away goes on with it.
            self.is_seeded = is_running

    def setstate(self, state):
        super().setstate(state)
        self.is_seeded = True

    def random(self):
        self._fresh()
        return super().random()

    def getrandbits(self, k):
        self._fresh()
        return super().getrandbits(k)


def replace_chance():
    os.urandom = posix.urandom = random._urandom = lambda size: chance("os.urandom()", size)
    random.Random = Random
    mine, old = Random(), random._inst
    random._inst = mine
    for name, value in list(vars(random).items()):
        if getattr(value, "__self__", None) is old:
            setattr(random, name, getattr(mine, name))


# Files and all else of a system.

FILES = "a plugin has no files and no processes; what it needs of a file it reads at the top of the program, when it is built"
IMPORTS = "what a plugin imports is loaded when it is built: import it at the top of a file"


def replace_system():
    for name, real in list(vars(posix).items()):
        if callable(real) and not isinstance(real, type) and not name.startswith("__") and name not in HARMLESS | {"urandom"}:
            call = system(f"os.{name}", real)
            setattr(posix, name, call)
            if getattr(os, name, None) is real:
                setattr(os, name, call)
    builtins.open = io.open = system("open", open)
    load_zone = zoneinfo._common.load_tzdata
    zoneinfo._common.load_tzdata = lambda key: zone(key, load_zone)
    sys.addaudithook(audit)


def zone(key, load):
    if is_running:
        raise refused(f"ZoneInfo({key!r})", "zones are files: make it at the top of the program, with the package tzdata beside it")
    return load(key)


def system(what, real):
    def call(*given, **named):
        if is_running:
            path = repr(given[0])[:100] if given and isinstance(given[0], (str, bytes, os.PathLike)) else ""
            raise refused(f"{what}({path})", FILES, NoFile)
        return real(*given, **named)

    return call


def audit(event, given):
    if is_running and event == "open":
        raise refused("open()", FILES, NoFile)
    if is_running and event.startswith("socket."):
        raise refused(f"{event}()", "a request needs the grant `http`: import hookmill_http")
    if is_running and event == "import":
        raise refused(f"import {given[0]}", IMPORTS, NotLoaded)


# Lines.


class Lines(io.TextIOBase):
    """What is printed, as lines of the log."""

    def __init__(self, say, real):
        self.say = say
        self.real = real
        self.rest = ""

    def writable(self):
        return True

    def write(self, text):
        if not is_running:
            return self.real.write(text)
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            self.say(line)
        return len(text)

    def flush(self):
        if not is_running:
            self.real.flush()

    def end(self):
        """An event is over: a line that was not ended is one."""
        if self.rest:
            self.say(self.rest)
            self.rest = ""


class Handler(logging.Handler):
    """The records of `logging`, as lines of the log."""

    def emit(self, record):
        levels = [(logging.ERROR, log.error), (logging.WARNING, log.warn), (logging.INFO, log.info)]
        say = next((say for least, say in levels if record.levelno >= least), log.debug)
        say(self.format(record))


class Noted:
    """The module `time` of `logging`, which notes when something was, whether anybody reads that or not."""

    def __getattr__(self, name):
        return getattr(time, name)

    def time(self):
        return self.time_ns() / 1e9

    def time_ns(self):
        return grants["clock"].now_ms() * 1_000_000 if is_running and "clock" in grants else 0


def end():
    """An event is over."""
    OUT.end()
    ERR.end()


OUT, ERR = Lines(log.info, sys.stdout), Lines(log.warn, sys.stderr)


def replace_console():
    sys.stdout, sys.stderr = OUT, ERR
    sys.stdin = io.StringIO("")
    logging.time = Noted()
    logging.logProcesses = False
    logging.logThreads = False
    logging.lastResort = Handler(logging.WARNING)
    logging.basicConfig = configured_logging


def configured_logging(level=None, format=None, **_):
    """What `logging.basicConfig()` does, with lines of the log in place of files and streams."""
    root = logging.getLogger()
    if not root.handlers:
        handler = Handler()
        handler.setFormatter(logging.Formatter(format or "%(message)s"))
        root.addHandler(handler)
    if level is not None:
        root.setLevel(level)


replace_clocks()
replace_chance()
replace_system()
replace_console()

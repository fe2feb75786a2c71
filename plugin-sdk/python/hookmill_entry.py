"""The entry of the component: between the types of the contract and those of hookmill.py. Not for authors."""

import gc

import hookmill
import hookmill_examples
import hookmill_granted
import hookmill_known

# Before the plugin: what that loads finds the interpreter's own clock and the like replaced.
import hookmill_ambient as ambient

import plugin
import wit_world
from componentize_py_types import Err, Ok
from wit_world.imports import log, types

# An instance lives for one event or a few: looking for cycles would cost more than they do, and would touch every object
# of the snapshot, each a page to copy.
gc.collect()
gc.disable()

WORLD = hookmill.World(plugin, hookmill_examples.EXAMPLES, hookmill_known.KNOWN + ambient.frozen)
LEVELS = {level.name.lower(): level for level in log.Level}
hookmill.grants.update(hookmill_granted.GRANTS)
hookmill.log.host = lambda level, message: log.log(LEVELS[level], message)


def run(call):
    """Calls into the plugin; what it refuses is an error of the contract."""
    ambient.begin()
    try:
        return call()
    except hookmill.Refusal as refusal:
        raise Err(str(refusal)) from None
    except Exception as error:
        raise Err(f"{type(error).__name__}: {error}") from None
    finally:
        ambient.end()


def lowered(verdict):
    if isinstance(verdict, hookmill.Drop):
        return types.Verdict_Drop(str(verdict.reason))
    return types.Verdict_Forward(
        [types.Output(output.type, output.headers, output.payload, output.ordering_key) for output in verdict]
    )


class WitWorld(wit_world.WitWorld):
    def manifest(self):
        return WORLD.about

    def configure(self, config):
        run(lambda: WORLD.configure(config))

    def transform(self, event):
        return run(lambda: lowered(WORLD.transform(event)))

    def transform_batch(self, events):
        return [self.settled(event) for event in events]

    def settled(self, event):
        try:
            return Ok(self.transform(event))
        except Err as error:
            return error

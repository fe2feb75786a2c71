

# What a program may ask of the outside by the means of its language, by a name in the event.
import datetime  # noqa: E402
import logging  # noqa: E402
import random  # noqa: E402
import time  # noqa: E402
import uuid  # noqa: E402
import zoneinfo  # noqa: E402

ASKED = {
    "time.time()": lambda: time.time(),
    "datetime.now()": lambda: datetime.datetime.now(),
    "date.today()": lambda: datetime.date.today(),
    "random.random()": lambda: random.random(),
    "random.choice()": lambda: random.choice([1, 2]),
    "uuid4()": lambda: uuid.uuid4(),
    "ZoneInfo()": lambda: zoneinfo.ZoneInfo("Europe/Berlin"),
    "open()": lambda: open("a-file"),
    "sleep()": lambda: time.sleep(1),
    "exit()": lambda: exit(3),
    "nothing": lambda: datetime.datetime.fromtimestamp(0).isoformat(),
}
SEEN = []


def transform(event, config):
    SEEN.append(event.id)
    if len(SEEN) > 1:
        raise ValueError(f"an instance has {len(SEEN)} events")
    signal = event.json()
    asks = signal.get("asks") if isinstance(signal, dict) else None
    if asks is None:
        return decide(event, config)
    print("asks for", asks, {"by": "print"})
    logging.warning("asks for %s by logging", asks)
    return forward_json({"answer": ASKED[asks]()})

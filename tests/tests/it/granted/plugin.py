"""Uses every grant, and shows what the gateway refuses."""

import random as chance
import time
import uuid

import hookmill_clock as clock
import hookmill_http as http
import hookmill_kv as kv
import hookmill_random as random
import hookmill_secrets as secrets
from hookmill import Refusal, forward_json

manifest = {
    "name": "granted",
    "version": "1.0.0",
    "config_schema": {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]},
    "wants": {"http": ["crm.example.com"], "secrets": ["crm_token"]},
}


def transform(event, config):
    seen = (kv.get_json("seen") or 0) + 1
    kv.set_json("seen", seen)
    kv.set("gone", "soon")
    kv.delete("gone")
    answer = http.fetch(config["url"], bearer=secrets.need("crm_token"), json=event.json())
    return forward_json({
        "seen": seen,
        "keys": kv.keys(),
        "name": answer.expect_ok().json()["name"],
        "no_secret": secrets.get("other"),
        "is_now": clock.now_ms() > 1700000000000,
        "outside": [time.time() * 1000, chance.random(), str(uuid.uuid4())],
        "random": len(random.bytes(20)) + (random.next() == random.next()),
        "refused": message(lambda: kv.set("", "x")),
        "not_sent": message(lambda: http.fetch("http://elsewhere.example/")),
    })


def message(call):
    try:
        call()
    except http.HttpError as error:
        return f"http: {error}"
    except Refusal as error:
        return str(error)

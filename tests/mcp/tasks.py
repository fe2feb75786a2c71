"""What operators ask an assistant for, done by a script with the Python client of the protocol's authors and no model.

Each task sets up what is there before by the HTTP API, makes the calls an assistant would make, and checks what the
gateway does afterwards against a receiver of its own. `tasks.py BINARY` does all of them and prints a line for each.
"""

import asyncio
import base64
import hashlib
import hmac
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import mcp
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

KEY = "hm_admin_0123456789abcdef0123456789abcdef"
PATIENCE_S = 20


class Sink:
    """A receiver: answers each path with the statuses given for it, the last one for ever; 200 where none is."""

    def __init__(self):
        self.hits, self.answers, self.present, self.most = [], {}, {}, {}
        self.slow_s, lock, sink = {}, threading.Lock(), self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                with lock:
                    sink.present[self.path] = sink.present.get(self.path, 0) + 1
                    sink.most[self.path] = max(sink.most.get(self.path, 0), sink.present[self.path])
                    sink.hits.append((self.path, dict(self.headers), body))
                    statuses = sink.answers.get(self.path, [200])
                    status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
                time.sleep(sink.slow_s.get(self.path, 0))
                with lock:
                    sink.present[self.path] -= 1
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def bodies(self, path):
        return [json.loads(body) for at, _, body in self.hits if at == path]

    async def wait(self, path, number):
        await eventually(f"{number} requests at {path}", lambda: len(self.bodies(path)) >= number)
        return self.bodies(path)


class Gateway:
    """The real binary with a data directory of its own, and its API."""

    def __init__(self, binary):
        self.data = tempfile.mkdtemp(prefix="hookmill-tasks-")
        env = os.environ | {
            "HOOKMILL_ADMIN_KEY": KEY,
            "HOOKMILL_EGRESS_ALLOW": "127.0.0.0/8",
            "HOOKMILL_EGRESS_ALLOW_HTTP": "true",
            "HOOKMILL_ALERTS_RECOVERED_AFTER": "1s",
        }
        command = [binary, "serve", "--ready-json", "--listen", "127.0.0.1:0", "--data", self.data]
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.url = "http://" + json.loads(self.process.stdout.readline())["listening"]

    def ask(self, method, path, body=None, key=KEY, more_headers=None):
        """Status and body of an answer; a path may be a whole URL, a body bytes as they are."""
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
        headers |= more_headers or {}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        url = path if path.startswith("http") else self.url + path
        try:
            answer = urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method))
            return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def make(self, resource, **fields):
        status, made = self.ask("POST", f"/v1/{resource}", fields)
        assert status == 201, made
        return made

    def pipeline(self, name, url, steps=(), source=None, destination=None):
        """A source without a key, a destination and a connection, each of that name; where to send to."""
        made = self.make("sources", name=name, require_key=False, **(source or {}))
        self.make("destinations", name=name, url=url, **(destination or {}))
        self.make("connections", name=name, source=name, destination=name, steps=list(steps))
        return made["url"]

    def send(self, url, body, expected=202):
        status, answer = self.ask("POST", url, body, key=None)
        assert status == expected, (status, answer)
        return answer

    def send_signed(self, url, body, headers):
        """The status that bytes with these headers get."""
        request = urllib.request.Request(url, body, {"content-type": "application/json"} | headers, method="POST")
        try:
            return urllib.request.urlopen(request).status
        except urllib.error.HTTPError as error:
            return error.code

    def items(self, path):
        status, page = self.ask("GET", path)
        assert status == 200, page
        return page["items"]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.data, ignore_errors=True)


class Assistant:
    """Calls tools; what it gets is data, and no tool's refusal goes unseen."""

    def __init__(self, client):
        self.client = client

    async def call(self, tool, **arguments):
        result = await self.client.call_tool(tool, arguments)
        text = " ".join(block.text for block in result.content)
        assert not result.is_error, f"{tool}: {text}"
        return result.structured_content

    async def refused(self, tool, **arguments):
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error, f"{tool} was not refused"
        return " ".join(block.text for block in result.content)

    async def set_up(self, *documents):
        plan = await self.call("plan", documents=list(documents))
        return await self.call("apply", plan=plan["plan"])


async def eventually(what, holds):
    for _ in range(PATIENCE_S * 20):
        found = holds()
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"never: {what}")


async def an_alert_when_deliveries_fail(gateway, sink, assistant):
    url = gateway.pipeline("crm", sink.url("/crm"), destination={"retry": {"preset": "none"}})
    sink.answers["/crm"] = [500]
    await assistant.set_up(
        {"resource": "destination", "name": "oncall", "url": sink.url("/oncall")},
        {"resource": "connection", "name": "alerts to oncall", "source": "alerts", "destination": "oncall",
         "event_types": ["*.raised"]},
    )
    for n in range(5):
        gateway.send(url, {"n": n})
    alerts = await sink.wait("/oncall", 2)
    await asyncio.sleep(1)
    kinds = sorted(alert["kind"] for alert in sink.bodies("/oncall"))
    assert kinds == ["destination_failing", "retries_exhausted"], kinds
    assert alerts[0]["about"]["name"] == "crm" and "500" in alerts[0]["says"], alerts


async def the_same_event_twice_is_one(gateway, sink, assistant):
    url = gateway.pipeline("orders", sink.url("/orders"))
    await assistant.set_up(
        {"resource": "source", "name": "orders", "require_key": False, "idempotency": {"path": "$.id"}}
    )
    first, second = gateway.send(url, {"id": 7}), gateway.send(url, {"id": 7})
    assert first["id"] == second["id"] and second["duplicate"], second
    gateway.send(url, {"id": 8})
    await sink.wait("/orders", 2)
    assert [body["id"] for body in sink.bodies("/orders")] == [7, 8]


async def a_slow_receiver_gets_two_at_a_time(gateway, sink, assistant):
    url = gateway.pipeline("slow", sink.url("/slow"))
    await assistant.set_up({"resource": "destination", "name": "slow", "url": sink.url("/slow"), "concurrency": 2})
    sink.slow_s["/slow"] = 0.1
    for n in range(12):
        gateway.send(url, {"n": n})
    await sink.wait("/slow", 12)
    assert sink.most["/slow"] == 2, sink.most


async def a_receiver_gets_at_most_sixty_a_minute(gateway, sink, assistant):
    url = gateway.pipeline("paced", sink.url("/paced"))
    await assistant.set_up(
        {"resource": "destination", "name": "paced", "url": sink.url("/paced"),
         "rate": {"requests": 60, "per": "minute"}}
    )
    for n in range(70):
        gateway.send(url, {"n": n})
    await sink.wait("/paced", 60)
    await eventually("ten wait", lambda: len(gateway.items("/v1/deliveries?destination=paced&state=pending")) == 10)
    assert len(sink.bodies("/paced")) == 60, len(sink.bodies("/paced"))


async def only_some_types_pass(gateway, sink, assistant):
    url = gateway.pipeline("types", sink.url("/types"), source={"event_type": {"path": "$.type"}})
    gateway.send(url, {"type": "v2.order"})
    gateway.send(url, {"type": "legacy.order"})
    await sink.wait("/types", 2)
    steps = [{"filter": {"in_event": "type", "matches": "^v2[.]"}}]
    tried = await assistant.call("try", steps=steps, source="types")
    assert (tried["would_pass"], tried["events"]) == (1, 2), tried
    await assistant.set_up(
        {"resource": "connection", "name": "types", "source": "types", "destination": "types", "steps": steps}
    )
    gateway.send(url, {"type": "legacy.order", "n": 2})
    gateway.send(url, {"type": "v2.order", "n": 3})
    bodies = await sink.wait("/types", 3)
    assert bodies[-1]["n"] == 3, bodies


async def large_orders_pass_and_are_tried_again(gateway, sink, assistant):
    url = gateway.pipeline("large", sink.url("/large"))
    sink.answers["/large"] = [503, 200]
    await assistant.set_up(
        {"resource": "connection", "name": "large", "source": "large", "destination": "large",
         "steps": [{"filter": {"path": "$.total", "gt": 500}}], "retry": {"delays": ["100ms", "100ms"]}}
    )
    gateway.send(url, {"total": 499})
    gateway.send(url, {"total": 501})
    bodies = await sink.wait("/large", 2)
    assert [body["total"] for body in bodies] == [501, 501], bodies


async def why_one_did_not_arrive(gateway, sink, assistant):
    url = gateway.pipeline("why", sink.url("/why"), destination={"retry": {"preset": "none"}})
    sink.answers["/why"] = [422]
    event = gateway.send(url, {"n": 1})["id"]
    await eventually("it has failed", lambda: gateway.items(f"/v1/deliveries?event={event}&state=failed"))
    told = json.dumps(await assistant.call("explain", id=event))
    assert "422" in told and '"why"' in told, told


async def why_some_did_not_arrive(gateway, sink, assistant):
    steps = [{"filter": {"path": "$.channel", "eq": "web"}}]
    url = gateway.pipeline("some", sink.url("/some"), steps)
    for n in range(12):
        gateway.send(url, {"channel": "web" if n < 5 else "app"})
    await sink.wait("/some", 5)
    told = json.dumps(await assistant.call("explain", source="some"))
    assert "$.channel" in told and "app" in told and "12" in told and "7" in told, told


async def a_service_on_this_machine_gets_them(gateway, sink, assistant):
    url = gateway.pipeline("local", sink.url("/elsewhere"))
    found = json.dumps(await assistant.call("docs", query="events after"))
    assert "/v1/events" in found, found
    command = [BINARY, "listen", "--source", "local", "--forward", sink.url("/mine"), "--url", gateway.url]
    listening = subprocess.Popen(
        command, env=os.environ | {"HOOKMILL_KEY": KEY}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        for n in range(200):
            gateway.send(url, {"n": n})
            await asyncio.sleep(0.1)
            if sink.bodies("/mine"):
                break
        assert sink.bodies("/mine"), "nothing came to this machine"
    finally:
        listening.kill()


async def a_paused_destination_goes_on(gateway, sink, assistant):
    url = gateway.pipeline("held", sink.url("/held"))
    gateway.ask("PATCH", "/v1/destinations/held", {"state": "paused"})
    for n in range(3):
        gateway.send(url, {"n": n})
    overview = json.dumps(await assistant.call("overview"))
    assert "held" in overview and "paused" in overview, overview
    await assistant.set_up(
        {"resource": "destination", "name": "held", "url": sink.url("/held"), "state": "active"}
    )
    await sink.wait("/held", 3)


async def what_was_missed_comes_again(gateway, sink, assistant):
    """Nothing took acme's events for a while; globex's were taken, and are not sent twice."""
    url = gateway.pipeline("acme", sink.url("/acme"))
    other = gateway.pipeline("globex", sink.url("/globex"))
    status, _ = gateway.ask("DELETE", "/v1/connections/acme")
    assert status == 204, status
    for n in range(3):
        gateway.send(url, {"n": n})
        gateway.send(other, {"n": n})
    await sink.wait("/globex", 3)
    plan = await assistant.call(
        "plan",
        documents=[{"resource": "connection", "name": "acme", "source": "acme", "destination": "acme"}],
        operations=[{"replay": {"source": "acme"}}],
    )
    assert plan["operations"][0]["count"] == 3, plan
    done = await assistant.call("apply", plan=plan["plan"])
    assert done["operations"][0]["done"] == 3, done
    gateway.send(url, {"n": 3})
    bodies = await sink.wait("/acme", 4)
    assert sorted(body["n"] for body in bodies) == [0, 1, 2, 3], bodies
    assert len(sink.bodies("/globex")) == 3
    await assistant.refused("apply", plan=plan["plan"])


async def one_destination_is_tried_again(gateway, sink, assistant):
    checkout = gateway.pipeline("checkout", sink.url("/checkout"), destination={"retry": {"preset": "none"}})
    inventory = gateway.pipeline("inventory", sink.url("/inventory"), destination={"retry": {"preset": "none"}})
    sink.answers["/checkout"] = [500, 500, 500, 200]
    sink.answers["/inventory"] = [500]
    for n in range(3):
        gateway.send(checkout, {"n": n})
        gateway.send(inventory, {"n": n})
    failed = "/v1/deliveries?state=failed"
    await eventually("all have failed", lambda: len(gateway.items(failed)) == 6)
    plan = await assistant.call("plan", operations=[{"retry": {"destination": "checkout"}}])
    assert plan["operations"][0]["risk"] == "outward" and "3 failed deliveries" in plan["says"], plan
    await assistant.call("apply", plan=plan["plan"])
    await sink.wait("/checkout", 6)
    left = f"{failed}&destination=checkout"
    await eventually("none is left", lambda: not gateway.items(left))
    assert len(sink.bodies("/inventory")) == 3


async def an_operator_hears_of_what_is_gone(gateway, sink, assistant):
    url = gateway.pipeline("gone", sink.url("/gone"))
    sink.answers["/gone"] = [410]
    plan = await assistant.call(
        "plan", preset="generic", parameters={"url": sink.url("/operators"), "name": "operators", "source": "alerts"}
    )
    await assistant.call("apply", plan=plan["plan"])
    gateway.send(url, {"n": 1})
    alerts = await sink.wait("/operators", 2)
    assert "destination_gone" in {alert["kind"] for alert in alerts}, alerts
    overview = json.dumps(await assistant.call("overview"))
    assert "alert destination_gone" in overview, overview


async def a_queue_is_refused_by_name(gateway, sink, assistant):
    del gateway, sink
    said = await assistant.refused(
        "plan", documents=[{"resource": "destination", "name": "q", "kind": "sqs", "url": "https://sqs.example.com/q"}]
    )
    assert "http" in said and "inbox" in said, said


async def a_payload_has_another_shape(gateway, sink, assistant):
    url = gateway.pipeline("shape", sink.url("/shape"))
    event = gateway.send(url, {"user": {"first": "Ada", "last": "Lovelace"}, "plan": "pro"})["id"]
    await sink.wait("/shape", 1)
    steps = [{"mapping": {"version": 1, "output": {"name": {"$template": "{{$.user.first}} {{$.user.last}}"},
                                                   "tier": "$.plan"}}}]
    tried = await assistant.call("try", steps=steps, event=event)
    assert tried["would"] == "pass", tried
    await assistant.set_up(
        {"resource": "connection", "name": "shape", "source": "shape", "destination": "shape", "steps": steps}
    )
    gateway.send(url, {"user": {"first": "Grace", "last": "Hopper"}, "plan": "team"})
    bodies = await sink.wait("/shape", 2)
    assert bodies[1] == {"name": "Grace Hopper", "tier": "team"}, bodies


async def no_claim_about_expressions_is_false(gateway, sink, assistant):
    del gateway, sink
    found = json.dumps(await assistant.call("docs", query="filter matches"))
    assert "matches" in found, found
    tried = await assistant.call(
        "try", steps=[{"filter": {"path": "$.ref", "matches": "^refs/tags/v[0-9]+"}}], payload={"ref": "refs/tags/v1"}
    )
    assert tried["would"] == "pass", tried


async def why_a_large_one_was_rejected(gateway, sink, assistant):
    url = gateway.pipeline("small", sink.url("/small"))
    gateway.send(url, {"text": "x" * (2 << 20)}, expected=413)
    await eventually("it is recorded", lambda: gateway.items("/v1/sources/small/rejections"))
    told = json.dumps(await assistant.call("find", kind="rejections", source="small"))
    assert "too_large" in told and str(1 << 20) in told, told


async def a_customer_gets_a_workspace_of_his_own(gateway, sink, assistant):
    other = gateway.pipeline("ours", sink.url("/ours"))
    await assistant.set_up({"resource": "workspace", "name": "acme", "tier": "starter"})
    plan = await assistant.call("plan", workspace="acme", documents=[
        {"resource": "source", "name": "orders", "require_key": False},
        {"resource": "destination", "name": "shop", "url": sink.url("/acme")},
        {"resource": "connection", "name": "orders", "source": "orders", "destination": "shop"},
    ])
    done = await assistant.call("apply", workspace="acme", plan=plan["plan"])
    url = next(document["url"] for document in done["documents"] if document["resource"] == "source")
    gateway.send(url, {"n": 1})
    await sink.wait("/acme", 1)
    await assistant.call("send_test", workspace="acme", destination="shop")
    await sink.wait("/acme", 2)
    gateway.send(other, {"n": 2})
    await sink.wait("/ours", 1)
    assert len(sink.bodies("/acme")) == 2 and len(sink.bodies("/ours")) == 1, sink.hits
    told = json.dumps(await assistant.call("overview"))
    assert "shop" not in told, told


async def verified(gateway, assistant, verification, sign):
    """The secret is set by a person in between; then what is genuine gets in, and what is not does not."""
    name = verification["secret"]["$secret"]
    document = {"resource": "source", "name": "payments", "require_key": False, "verification": verification}
    said = await assistant.refused("plan", documents=[document])
    assert f"hookmill secret set {name}" in said, said
    command = [BINARY, "secret", "set", name, "--url", gateway.url, "--key", KEY]
    subprocess.run(command, input=b"whsec_a_secret_of_a_person", check=True, stdout=subprocess.DEVNULL)
    done = await assistant.set_up(document)
    assert "whsec" not in json.dumps(done), done
    url, body = done["documents"][0]["url"], b'{"type": "invoice.paid"}'
    genuine = gateway.send_signed(url, body, sign(body))
    assert genuine in (200, 202), genuine  # As the provider wants it.
    for forged in [(body.replace(b"paid", b"void"), sign(body)), (body, {})]:
        status = gateway.send_signed(url, *forged)
        assert 400 <= status < 500, status


def hex_mac(text):
    return hmac.new(b"whsec_a_secret_of_a_person", text, hashlib.sha256).hexdigest()


async def stripe_is_verified(gateway, sink, assistant):
    del sink

    def sign(body):
        at = str(int(time.time()))
        return {"stripe-signature": f"t={at},v1={hex_mac(at.encode() + b'.' + body)}"}

    await verified(gateway, assistant, {"preset": "stripe", "secret": {"$secret": "stripe_signing"}}, sign)


async def elevenlabs_is_verified(gateway, sink, assistant):
    del sink

    def sign(body):
        at = str(int(time.time()))
        return {"elevenlabs-signature": f"t={at},v0={hex_mac(at.encode() + b'.' + body)}"}

    await verified(gateway, assistant, {"preset": "elevenlabs", "secret": {"$secret": "elevenlabs_signing"}}, sign)


async def which_hmac_it_was(gateway, sink, assistant):
    """A provider without a preset: the sample and the secret say how it signs."""
    del sink
    secret = "shop-signing-secret-1"
    body = json.dumps({"order": 7, "total": 12.5}).encode()

    def signed(text):
        return {"x-shop-hmac": base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()}

    sample = {"secret": "shop_signing", "headers": signed(body), "body": body.decode()}
    said = await assistant.refused("try", signature=sample)
    assert "hookmill secret set" in said, said
    status, made = gateway.ask("PUT", "/v1/secrets/shop_signing", {"value": secret})
    assert status == 201, made
    found = await assistant.call("try", signature=sample)
    assert not found["presets"] and len(found["schemes"]) == 1, found
    assert secret not in json.dumps(found), found
    changed = await assistant.call("try", signature=sample | {"body": body.decode() + "\n"})
    assert "not as it was signed" in changed["says"], changed
    verification = {"scheme": found["schemes"][0], "secret": {"$secret": "shop_signing"}}
    await assistant.set_up(
        {"resource": "source", "name": "shop", "require_key": False, "verification": verification}
    )
    status, source = gateway.ask("GET", "/v1/sources/shop")
    assert status == 200, source
    status, answer = gateway.ask("POST", source["url"], body, key=None, more_headers=signed(body))
    assert status == 202, answer
    status, answer = gateway.ask("POST", source["url"], body, key=None, more_headers=signed(body + b" "))
    assert status == 401, answer


TASKS = [
    an_alert_when_deliveries_fail,
    the_same_event_twice_is_one,
    a_slow_receiver_gets_two_at_a_time,
    a_receiver_gets_at_most_sixty_a_minute,
    only_some_types_pass,
    large_orders_pass_and_are_tried_again,
    why_one_did_not_arrive,
    why_some_did_not_arrive,
    a_service_on_this_machine_gets_them,
    a_paused_destination_goes_on,
    what_was_missed_comes_again,
    one_destination_is_tried_again,
    an_operator_hears_of_what_is_gone,
    a_queue_is_refused_by_name,
    a_payload_has_another_shape,
    no_claim_about_expressions_is_false,
    why_a_large_one_was_rejected,
    a_customer_gets_a_workspace_of_his_own,
    stripe_is_verified,
    elevenlabs_is_verified,
    which_hmac_it_was,
]


async def do(task):
    gateway, sink = Gateway(BINARY), Sink()
    try:
        http_client = create_mcp_http_client(headers={"authorization": f"Bearer {KEY}"})
        async with http_client, mcp.Client(streamable_http_client(gateway.url + "/mcp", http_client=http_client)) as client:
            await task(gateway, sink, Assistant(client))
    finally:
        gateway.stop()
        sink.server.shutdown()


def main():
    failed = 0
    for task in TASKS:
        name = task.__name__.replace("_", " ")
        try:
            asyncio.run(do(task))
            print(f"done     {name}")
        except BaseException as error:  # A group of them, where the client runs tasks.
            failed += 1
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            print(f"FAILED   {name}: {type(error).__name__}: {str(error)[:600]}")
    print(f"{len(TASKS) - failed} of {len(TASKS)} done")
    sys.exit(failed > 0)


BINARY = sys.argv[1]
main()

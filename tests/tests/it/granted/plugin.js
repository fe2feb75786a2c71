// Uses every grant, and shows what the gateway refuses.

import * as clock from "./.hookmill/clock.js";
import { forwardJson } from "./.hookmill/hookmill.js";
import { HttpError, fetch } from "./.hookmill/http.js";
import * as kv from "./.hookmill/kv.js";
import * as random from "./.hookmill/random.js";
import * as secrets from "./.hookmill/secrets.js";

export const manifest = {
  name: "granted",
  version: "1.0.0",
  config_schema: { type: "object", properties: { url: { type: "string" } }, required: ["url"] },
  wants: { http: ["crm.example.com"], secrets: ["crm_token"] },
};

export function transform(event, config) {
  const seen = (kv.getJson("seen") ?? 0) + 1;
  kv.setJson("seen", seen);
  kv.set("gone", "soon");
  kv.delete("gone");
  const { name } = fetch(config.url, { bearer: secrets.need("crm_token"), json: event.json() }).expectOk().json();
  return forwardJson({
    seen,
    keys: kv.keys(),
    name,
    no_secret: secrets.get("other") ?? null,
    is_now: clock.nowMs() > 1700000000000,
    outside: [Date.now(), Math.random(), crypto.randomUUID()],
    random: random.bytes(20).length + (random.next() === random.next() ? 1 : 0),
    refused: message(() => kv.set("", "x")),
    not_sent: message(() => fetch("http://elsewhere.example/")),
  });
}

function message(call) {
  try {
    call();
  } catch (error) {
    return (error instanceof HttpError ? "http: " : "") + error.message;
  }
}

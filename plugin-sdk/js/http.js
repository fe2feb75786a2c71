// The grant `http`: requests to the hosts that the connection names. For one event at most 10, of 5 s each and 10 s
// together; bodies of 256 KiB to send and 1 MiB to get. Redirects are answers. A project that imports this file asks for
// the grant; hosts it should be given stand in its manifest: `wants: { http: ["crm.example.com"] }`.
//
//   import * as http from "./.hookmill/http.js";

import { host, toBytes, toJson, toText } from "./grants.js";
import { Refusal } from "./hookmill.js";

/** Why there is no answer. Not caught, it refuses the event. */
export class HttpError extends Refusal {
  constructor(kind, detail) {
    super(`${kind.replace("-", " ")}: ${detail}`);
    /** `refused` (not sent), `timed-out` or `failed`. */
    this.kind = kind;
  }
}

/** An answer, whatever its status. */
export class Response {
  constructor({ status, headers, body }) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  /** Whether the status is 200 to 299. */
  get ok() {
    return this.status >= 200 && this.status < 300;
  }

  /** The answer if its status is 200 to 299; another refuses the event. */
  expectOk() {
    if (!this.ok) throw new Refusal(`the answer has status ${this.status}`);
    return this;
  }

  /** A header's value, the first if there are several, or undefined. */
  header(name) {
    return this.headers.find(([have]) => have === name.toLowerCase())?.[1];
  }

  text() {
    return toText(this.body, "the answer");
  }

  json() {
    return toJson(this.body, "the answer");
  }
}

/** Makes a request and waits for the answer, which costs no CPU time. `json` is a value to send, `bearer` a token. */
export function fetch(url, { method, headers = {}, body, json, bearer } = {}) {
  const all = Object.entries(headers);
  if (json !== undefined) all.push(["content-type", "application/json"]);
  if (bearer !== undefined) all.push(["authorization", `Bearer ${bearer}`]);
  const sent = toBytes(json === undefined ? (body ?? "") : JSON.stringify(json));
  const request = { method: method ?? (sent.length ? "POST" : "GET"), url: String(url), headers: all, body: sent };
  try {
    return new Response(host("http").fetch(request));
  } catch (error) {
    throw error?.payload?.tag ? new HttpError(error.payload.tag, error.payload.val) : error;
  }
}

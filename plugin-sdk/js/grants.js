// What the modules of the grants (kv, http, secrets, clock, random) share. Not for authors.

import { Refusal } from "./hookmill.js";

/** The host's side of a grant. Node has none: code that uses it is tried out by `hookmill plugin test`. */
export function host(grant) {
  const found = globalThis.hookmillGrants?.[grant];
  if (!found) throw new Error(`no ${grant} here: it is there in the gateway and in \`hookmill plugin test\``);
  return found;
}

/** Makes a call whose error is a text; thrown, it refuses the event unless the plugin catches it. */
export function told(call) {
  try {
    return call();
  } catch (error) {
    throw typeof error?.payload === "string" ? new Refusal(error.payload) : error;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

export const toBytes = (value) => (typeof value === "string" ? encoder.encode(value) : value);

/** Text of bytes, or a refusal that says what they should have been. */
export function toText(bytes, what) {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Refusal(`${what} is not UTF-8`);
  }
}

export function toJson(bytes, what) {
  const text = toText(bytes, what);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(`${what} is not JSON: ${error.message}`);
  }
}

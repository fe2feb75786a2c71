// The grant `kv`: values that a plugin keeps from one event to the next. What an event writes is kept together with what
// becomes of the event, or not at all. A project that imports this file asks for the grant.
//
//   import * as kv from "./.hookmill/kv.js";

import { host, toBytes, toJson, toText, told } from "./grants.js";

/** The bytes kept under a key, or undefined. */
export const get = (key) => host("kv").get(key);

/** The same as text. */
export const getText = (key) => read(key, toText);

/** The same as JSON. */
export const getJson = (key) => read(key, toJson);

/** Keeps bytes or text. Throws what limit they exceed: keys 256 bytes, values 64 KiB, 100 keys and 1 MiB of one event. */
export const set = (key, value) => told(() => host("kv").set(key, toBytes(value)));

/** Keeps a value as JSON. */
export const setJson = (key, value) => set(key, JSON.stringify(value));

const forget = (key) => told(() => host("kv").delete(key));

/** Keys that begin with a prefix, in the order of their bytes; at most `limit`, which is at most 1000. */
export const keys = (prefix = "", limit = 1000) => host("kv").keys(prefix, limit);

/** `kv.delete(key)` forgets a value, if there is one. */
export { forget as delete };

function read(key, as) {
  const bytes = get(key);
  return bytes === undefined ? undefined : as(bytes, `the value of \`${key}\``);
}

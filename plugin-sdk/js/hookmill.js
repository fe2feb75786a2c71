// What a plugin in JavaScript is written with. `hookmill plugin build` puts this file into the project and makes the
// entry of the component, which calls `world`. It has no imports, so that Node can load a plugin as well.

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/** One event, as it came in. */
export class Event {
  constructor(raw) {
    this.id = raw.id;
    this.type = raw.eventType;
    this.source = raw.source;
    this.receivedAt = raw.receivedAt;
    this.headers = raw.headers;
    this.contentType = raw.contentType;
    this.payload = raw.payload;
  }

  /** The payload as text; what is not UTF-8 refuses the event. */
  text() {
    try {
      return decoder.decode(this.payload);
    } catch {
      return refuse("the payload is not UTF-8");
    }
  }

  /** The payload as JSON; anything else refuses the event. */
  json() {
    const text = this.text();
    try {
      return JSON.parse(text);
    } catch (error) {
      return refuse(`the payload: ${error.message}`);
    }
  }

  /** A header that the manifest asks for, or undefined. */
  header(name) {
    return this.headers.find(([have]) => have === name.toLowerCase())?.[1];
  }
}

/** One payload to deliver: bytes, or text. */
export function output(payload, { type, headers = {}, orderingKey } = {}) {
  const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
  if (!(bytes instanceof Uint8Array)) refuse(`a payload is text or a Uint8Array, not ${described(payload)}`);
  return { eventType: type, headers: Object.entries(headers), payload: bytes, orderingKey };
}

/** The same of a value, as JSON. */
export const outputJson = (value, options) => output(JSON.stringify(value), options);

/** Go on with this payload. */
export const forward = (payload, options) => forwardAll([output(payload, options)]);

/** Go on with this value, as JSON. */
export const forwardJson = (value, options) => forwardAll([outputJson(value, options)]);

/** Go on with all of these outputs; each becomes a delivery of its own. */
export const forwardAll = (outputs) => ({ tag: "forward", val: outputs });

/** Do not deliver; the reason is kept with the event. */
export const drop = (reason) => ({ tag: "drop", val: String(reason) });

/** An event that is refused: final, not tried again. */
export class Refusal extends Error {}

/** Refuses the event. */
export function refuse(message) {
  throw new Refusal(message);
}

const level = (name) => (message) => globalThis.hookmillLog?.(name, String(message));

/** Lines kept with the run of an event. */
export const log = { debug: level("debug"), info: level("info"), warn: level("warn"), error: level("error") };

/**
 * The exports of the world, made of a plugin's module, its examples, the host's log and its side of grants, and of what
 * whoever runs the plugin should be warned of.
 */
export function world(plugin, examples, hostLog, grants, warnings = () => []) {
  globalThis.hookmillLog = hostLog;
  globalThis.hookmillGrants = grants;
  let config = {};
  const transform = (raw) => told(() => judged(settledNow("transform", plugin.transform(new Event(raw), config))));
  return {
    manifest: () => JSON.stringify({ ...plugin.manifest, examples, ...warned(warnings()) }),
    configure(text) {
      config = told(() => configured(plugin, JSON.parse(text)));
    },
    transform,
    transformBatch: (events) => events.map((raw) => settled(() => transform(raw))),
  };
}

const warned = (lines) => (lines.length ? { "x-warnings": lines } : {});

/** What was returned, and no promise of it. */
function settledNow(what, returned) {
  if (typeof returned?.then === "function") refuse(`${what} returned a promise: a plugin does not wait, so it must not be async`);
  return returned;
}

function judged(verdict) {
  const isOne = verdict?.tag === "drop" || (verdict?.tag === "forward" && Array.isArray(verdict.val));
  if (!isOne) refuse(`transform returned ${described(verdict)}, and no verdict: return forwardJson(…), forward(…), forwardAll([…]) or drop(…)`);
  return verdict;
}

const described = (value) => (value === null ? "null" : (value?.constructor?.name ?? typeof value));

function configured(plugin, settings) {
  checkSettings(settings, plugin.manifest.config_schema);
  return settledNow("configure", plugin.configure?.(settings)) ?? settings;
}

/** Holds settings to the simple part of a JSON Schema: what must be there, what is known, of which type. */
export function checkSettings(settings, { required = [], properties = {}, additionalProperties } = {}) {
  for (const name of required) {
    if (!(name in settings)) refuse(`missing setting \`${name}\``);
  }
  for (const [name, value] of Object.entries(settings)) {
    const type = properties[name]?.type;
    if (!properties[name] && additionalProperties === false) refuse(`unknown setting \`${name}\``);
    if (typeof type === "string" && !isOf(type, value)) refuse(`the setting \`${name}\` must be of type ${type}`);
  }
}

function isOf(type, value) {
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "null") return value === null;
  return typeof value === type && value !== null && !Array.isArray(value);
}

// The contract's errors are texts. An author throws a plain Error, whose words are enough; what the engine throws is a
// mistake, and is told with its place.
function told(call) {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof Error)) throw String(error);
    const isMeant = error instanceof Refusal || error.constructor === Error;
    throw isMeant ? error.message : `${error.name}: ${error.message}${place(error)}`;
  }
}

function place(error) {
  const line = String(error.stack ?? "").match(/([\w.-]+\.js):(\d+)/);
  return line ? ` (${line[1]}, line ${line[2]})` : "";
}

function settled(call) {
  try {
    return { tag: "ok", val: call() };
  } catch (error) {
    return { tag: "err", val: String(error) };
  }
}

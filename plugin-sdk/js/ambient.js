// What an engine has of the outside: the time, chance, timers, requests, a console. The gateway gives a plugin none of it
// but by a grant, and whatever the engine itself would answer is what was true when the component was built. So all of it
// is replaced before the plugin is loaded: by the grant, where the project asks for it, else by a refusal that says which
// one it needs. Not for authors.

import { log } from "hookmill:plugin/log@1.0.0";
import grants from "./granted.js";
import { Refusal } from "./hookmill.js";

/** Whether the program is loaded. Until then it is being built, and what is outside is the machine of the build. */
let isRunning = false;

/** What was asked of the outside while the program was loaded, and is the same for every event from then on. */
const frozen = [];

/** The exports of the world, which begin with that the program runs. */
export function running(exports) {
  const begun = (call) => (...given) => {
    isRunning = true;
    return call(...given);
  };
  return Object.fromEntries(Object.entries(exports).map(([name, call]) => [name, begun(call)]));
}

/** What the manifest should warn of. */
export const warnings = () => frozen;

function place() {
  const own = /\.hookmill\/|initializer\.js/;
  const line = String(new Error().stack).split("\n").find((line) => /\.m?js:\d+/.test(line) && !own.test(line));
  const found = line?.match(/([\w.-]+\.m?js):(\d+)/);
  return found ? `${found[1]}, line ${found[2]}` : "the program";
}

function needs(what, grant, more = "") {
  const how = `import "./.hookmill/${grant}.js" in the plugin, and give its step the grant${more}`;
  throw new Refusal(`${what} needs the grant \`${grant}\`: ${how} (${place()})`);
}

function refused(what, why) {
  throw new Refusal(`${what} is not there: ${why} (${place()})`);
}

// The time.

const Engine = Date;
const engineNow = Date.now;

function nowMs(what) {
  if (isRunning) return grants.clock ? Number(grants.clock.nowMs()) : needs(what, "clock", "; the event's own time is its receivedAt");
  if (frozen.length < 10) frozen.push(`${place()}: ${what} while the program was loaded, which is when it was built: every event sees that time`);
  return engineNow();
}

Engine.now = () => nowMs("Date.now()");
globalThis.Date = new Proxy(Engine, {
  apply: () => new Engine(nowMs("Date()")).toString(),
  construct: (_, given, target) => Reflect.construct(Engine, given.length ? given : [nowMs("new Date()")], target),
});
Engine.prototype.constructor = globalThis.Date;

const performance = {
  now: () => nowMs("performance.now()"),
  get timeOrigin() {
    return 0;
  },
  toJSON: () => ({ timeOrigin: 0 }),
};
put(globalThis, { performance });

// Chance.

function bytes(what, length) {
  if (!isRunning) refused(what, "the program is being built, and every event would see the same; call it in transform");
  return grants.random ? grants.random.bytes(length) : needs(what, "random");
}

const AT_ONCE = 4096;

function getRandomValues(array) {
  const isIntegers = ArrayBuffer.isView(array) && !(array instanceof DataView) && !/Float/.test(array.constructor.name);
  if (!isIntegers) throw new TypeError("crypto.getRandomValues() fills an array of integers");
  const view = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  for (let at = 0; at < view.length; at += AT_ONCE) {
    view.set(bytes("crypto.getRandomValues()", Math.min(AT_ONCE, view.length - at)), at);
  }
  return array;
}

function randomUUID() {
  const id = Uint8Array.from(bytes("crypto.randomUUID()", 16));
  id[6] = (id[6] & 0x0f) | 0x40;
  id[8] = (id[8] & 0x3f) | 0x80;
  const hex = Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function random() {
  const [a, b, c, d, e, f, g] = bytes("Math.random()", 7);
  const high = ((a & 0x1f) * 256 + b) * 256 + c;
  return (high * 2 ** 32 + ((d * 256 + e) * 256 + f) * 256 + g) / 2 ** 53;
}

put(Math, { random });
put(Crypto.prototype, { getRandomValues, randomUUID });
const makesKeys = () => refused("crypto.subtle.generateKey()", "make keys of bytes of ./.hookmill/random.js");
put(SubtleCrypto.prototype, { generateKey: makesKeys });

// Waiting and asking.

const WAITS = "a plugin does not wait; its verdict is what transform returns";
const timers = ["setTimeout", "setInterval"].map((name) => [name, () => refused(`${name}()`, WAITS)]);
put(globalThis, Object.fromEntries(timers));
put(globalThis, { clearTimeout() {}, clearInterval() {} });
if (globalThis.AbortSignal) put(AbortSignal, { timeout: () => refused("AbortSignal.timeout()", WAITS) });
put(globalThis, {
  fetch: () => refused("the fetch() of browsers", 'a request needs the grant `http`: import { fetch } from "./.hookmill/http.js"'),
});
for (const name of ["File", "Event", "CustomEvent"]) {
  const made = globalThis[name];
  // Each notes the time at which it was made.
  if (made) put(globalThis, { [name]: new Proxy(made, { construct: () => refused(`new ${name}()`, "it would note the time") }) });
}

// Lines.

const engineConsole = globalThis.console;

function say(level, given) {
  if (isRunning) log(level, given.map(shown).join(" "));
  else engineConsole.log(...given.map(shown));
}

function shown(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  try {
    const text = JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? String(inner) : inner));
    return text ?? String(value);
  } catch {
    return String(value);
  }
}

const counts = new Map();
const lines = { debug: "debug", trace: "debug", log: "info", info: "info", dir: "info", dirxml: "info", table: "info",
  group: "info", groupCollapsed: "info", warn: "warn", error: "error" };
const console = Object.fromEntries(Object.entries(lines).map(([name, level]) => [name, (...given) => say(level, given)]));
const timing = (name) => [name, (label = "default") => say("info", [`${label}: ${nowMs(`console.${name}()`)} ms`])];
Object.assign(console, Object.fromEntries(["time", "timeLog", "timeEnd"].map(timing)), {
  assert(holds, ...given) {
    if (!holds) say("error", ["Assertion failed", ...given]);
  },
  count(label = "default") {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    say("info", [`${label}: ${counts.get(label)}`]);
  },
  countReset(label = "default") {
    counts.delete(label);
  },
  groupEnd() {},
  clear() {},
});
put(globalThis, { console });

/** Sets members, whatever they were. */
function put(object, members) {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
  }
}

// Types of hookmill.js, for editors.

/** One event, as it came in. */
export class Event {
  readonly id: string;
  /** May be empty. */
  readonly type: string;
  readonly source: string;
  /** When the gateway took it in: RFC 3339, UTC. */
  readonly receivedAt: string;
  /** Those that the manifest asks for; names in lower case. */
  readonly headers: [string, string][];
  readonly contentType: string;
  readonly payload: Uint8Array;
  /** The payload as text; what is not UTF-8 refuses the event. */
  text(): string;
  /** The payload as JSON; anything else refuses the event. */
  json(): any;
  header(name: string): string | undefined;
}

export interface OutputOptions {
  /** Replaces the event's type. */
  type?: string;
  headers?: Record<string, string>;
  /** Deliveries with the same key keep their order. */
  orderingKey?: string;
}

export interface Output {
  eventType?: string;
  headers: [string, string][];
  payload: Uint8Array;
  orderingKey?: string;
}

export type Verdict = { tag: "forward"; val: Output[] } | { tag: "drop"; val: string };

/** What the gateway is told of a plugin; `examples/*.json` are added by the build. */
export interface Manifest {
  name: string;
  version: string;
  description?: string;
  /** A JSON Schema of the configuration. */
  config_schema?: object;
  /** Headers that events shall carry, lower case. */
  headers?: string[];
  /** Hosts and secrets that a connection should be given, for whoever sets it up. */
  wants?: { http?: string[]; secrets?: string[] };
  /** Events that wait may share an instance: each sees what the others left in it, and they are made again together. */
  batch?: boolean;
}

export function output(payload: string | Uint8Array, options?: OutputOptions): Output;
export function outputJson(value: unknown, options?: OutputOptions): Output;
export function forward(payload: string | Uint8Array, options?: OutputOptions): Verdict;
export function forwardJson(value: unknown, options?: OutputOptions): Verdict;
export function forwardAll(outputs: Output[]): Verdict;
export function drop(reason: string): Verdict;
/** Refuses the event: final, not tried again. */
export function refuse(message: string): never;
export class Refusal extends Error {}

type Say = (message: string) => void;
export const log: { debug: Say; info: Say; warn: Say; error: Say };

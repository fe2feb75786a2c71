import { Refusal } from "./hookmill.js";

/** Why there is no answer. Not caught, it refuses the event. */
export class HttpError extends Refusal {
  readonly kind: "refused" | "timed-out" | "failed";
}

/** An answer, whatever its status. */
export class Response {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: [string, string][];
  readonly body: Uint8Array;
  /** Whether the status is 200 to 299. */
  readonly ok: boolean;
  /** The answer if its status is 200 to 299; another refuses the event. */
  expectOk(): this;
  header(name: string): string | undefined;
  text(): string;
  json(): any;
}

export interface RequestOptions {
  /** POST if there is something to send, else GET. */
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** A value to send as JSON, in place of `body`. */
  json?: unknown;
  /** A token, for the header `authorization`. */
  bearer?: string;
}

/** Makes a request to a host that the connection names and waits for the answer. */
export function fetch(url: string | URL, options?: RequestOptions): Response;

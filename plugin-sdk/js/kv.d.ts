/** The bytes kept under a key, or undefined. */
export function get(key: string): Uint8Array | undefined;
export function getText(key: string): string | undefined;
export function getJson(key: string): any;
/** Throws what limit is exceeded: keys 256 bytes, values 64 KiB, 100 keys and 1 MiB of one event. */
export function set(key: string, value: string | Uint8Array): void;
export function setJson(key: string, value: unknown): void;
/** Keys that begin with a prefix, in the order of their bytes; at most `limit`, which is at most 1000. */
export function keys(prefix?: string, limit?: number): string[];
declare function forget(key: string): void;
/** Forgets a value, if there is one. */
export { forget as delete };

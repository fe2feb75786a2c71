/** 64 random bits. */
export function next(): bigint;
/** That many random bytes, at most 4096. */
export function bytes(length: number): Uint8Array;

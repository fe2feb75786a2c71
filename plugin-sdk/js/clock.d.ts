/** Milliseconds since 1970-01-01T00:00:00Z when the gateway began to work on this event; it stands still meanwhile. */
export function nowMs(): number;

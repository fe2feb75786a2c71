// The grant `clock`: the time. A project that imports this file asks for it.
//
//   import * as clock from "./.hookmill/clock.js";

import { host } from "./grants.js";

/** Milliseconds since 1970-01-01T00:00:00Z when the gateway began to work on this event; it stands still meanwhile. */
export const nowMs = () => Number(host("clock").nowMs());

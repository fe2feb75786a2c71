// The grant `random`: numbers that nobody can predict. A project that imports this file asks for it.
//
//   import * as random from "./.hookmill/random.js";

import { host } from "./grants.js";

/** 64 random bits, as a BigInt. */
export const next = () => host("random").next();

/** That many random bytes, at most 4096. */
export const bytes = (length) => host("random").bytes(length);

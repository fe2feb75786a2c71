// The grant `secrets`: those that the connection names. Their values are left out of whatever the gateway shows. A
// project that imports this file asks for the grant; names stand in its manifest: `wants: { secrets: ["crm_token"] }`.
//
//   import * as secrets from "./.hookmill/secrets.js";

import { host } from "./grants.js";
import { Refusal } from "./hookmill.js";

/** The value of a secret, or undefined if the connection does not name it. */
export const get = (name) => host("secrets").get(name);

/** The value of a secret that has to be there: without it the event is refused. */
export function need(name) {
  const value = get(name);
  if (value === undefined) throw new Refusal(`the secret \`${name}\` is not granted`);
  return value;
}

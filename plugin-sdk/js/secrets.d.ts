/** The value of a secret, or undefined if the connection does not name it. */
export function get(name: string): string | undefined;
/** The value of a secret that has to be there: without it the event is refused. */
export function need(name: string): string;


// What a program may ask of the outside by the means of its language, by a name in the event.
const ASKED = {
  "Date.now()": () => Date.now(),
  "new Date()": () => new Date(),
  "performance.now()": () => performance.now(),
  "Math.random()": () => Math.random(),
  "crypto.randomUUID()": () => crypto.randomUUID(),
  "setTimeout()": () => setTimeout(() => {}, 1),
  "fetch()": () => fetch("https://api.example.com"),
  "a promise": async () => 1,
  nothing: () => new Date(0).toISOString(),
};

export function transform(event, config) {
  globalThis.seen = (globalThis.seen ?? 0) + 1;
  if (globalThis.seen > 1) throw new Error(`an instance has ${globalThis.seen} events`);
  const asks = event.json()?.asks;
  if (!asks) return decide(event, config);
  console.log(`asks for ${asks}`, { by: "console.log" });
  const answer = ASKED[asks]();
  return asks === "a promise" ? answer : forwardJson({ answer });
}

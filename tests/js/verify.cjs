// Verifies deliveries with the `standardwebhooks` library. One JSON object a line on stdin,
// {id, secret, headers, body (base64)}; one a line on stdout, {id, ok, error}.
const { createInterface } = require("node:readline");
const { Webhook } = require("standardwebhooks");

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, secret, headers, body } = JSON.parse(line);
  try {
    // The library answers with the parsed body; a body that is not JSON fails after the signature was found right.
    new Webhook(secret).verify(Buffer.from(body, "base64").toString("utf8"), headers);
    console.log(JSON.stringify({ id, ok: true }));
  } catch (error) {
    console.log(JSON.stringify({ id, ok: false, error: String(error) }));
  }
});

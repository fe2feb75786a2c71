// Drives a gateway's MCP server with the client library of the protocol's authors. Reads `{url, key}` or
// `{command, args, env}` and `{mode, calls: [[tool, arguments], …]}` from stdin, writes what came of it as one line of JSON.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

let text = "";
for await (const chunk of process.stdin) text += chunk;
const asked = JSON.parse(text);
const transport = asked.url
  ? new StreamableHTTPClientTransport(new URL(asked.url), {
      requestInit: { headers: { authorization: `Bearer ${asked.key}` } },
    })
  : new StdioClientTransport({ command: asked.command, args: asked.args, env: asked.env });
const client = new Client({ name: "hookmill-tests", version: "1" }, { versionNegotiation: { mode: asked.mode } });
await client.connect(transport);
const { tools } = await client.listTools();
const results = [];
for (const [name, args] of asked.calls) results.push(await client.callTool({ name, arguments: args }));
const version = client.getNegotiatedProtocolVersion();
console.log(JSON.stringify({ version, server: client.getServerVersion(), tools, results }));
await client.close();

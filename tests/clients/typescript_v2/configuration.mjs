// The TypeScript SDK, version 2, with a key: a call goes on as long as progress comes.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

export async function connect(mode = "auto") {
  const client = new Client(
    { name: "clerk", version: "1.0.0" },
    { versionNegotiation: { mode } }, // "legacy" if not given
  );
  const headers = {
    Authorization: `Bearer ${process.env.GATEWAY_API_KEY}`,
    "Hold-Seconds": "600", // since the time limit below starts anew at each progress
  };
  const url = new URL(process.env.GATEWAY_URL);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  return client;
}

export function call(client, name, args, { onprogress = () => {}, timeout = 60_000 } = {}) {
  const options = { onprogress, resetTimeoutOnProgress: true, timeout };
  return client.callTool({ name, arguments: args }, options);
}

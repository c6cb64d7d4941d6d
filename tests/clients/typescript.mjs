// What a program of the TypeScript SDK does, whichever version: it lists, asks, waits on, replies
// and reads. The client is that of the configuration in its own folder.

const [question, limit = "60000", mode] = process.argv.slice(2);
const options = {
  timeout: Number(limit),
  onprogress: ({ progress }) => report("progress", { progress }),
};

function report(what, facts) {
  process.stdout.write(JSON.stringify({ report: what, ...facts }) + "\n");
}

export async function run({ call, connect }) {
  async function told(client, name, args) {
    const result = await call(client, name, args, options);
    const found = result.structuredContent;
    report(found.status, { text: result.content[0].text, ...found });
    return { escalation_id: found.escalation_id };
  }

  try {
    const client = await connect(mode);
    report("tools", {
      names: (await client.listTools()).tools.map((tool) => tool.name),
      revision: client.getNegotiatedProtocolVersion?.() ?? null,
    });
    const known = await told(client, "ask_human", { question, wait_seconds: 0.5 });
    await told(client, "check_answer", known);
    await told(client, "send_to_operator", { ...known, message: "Order 7" });
    await client.close();
  } catch (error) {
    report("failed", { error: `${error.name} ${error.message}` });
    process.exitCode = 1;
  }
}

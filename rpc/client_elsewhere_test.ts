import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { testToken, withServer } from "./testing/with_server.ts";

/** What a program in Node does with the client: submit, follow to the end, and an error. */
const program = `
import { clientErrorInfo, createSluiceClient, jobEvents, jobLogs } from "./client.js";
const [url, token] = process.argv.slice(2);
const client = createSluiceClient({ url, token });
const job = await client.jobs.submit.mutate({
  cluster: "dev",
  payload: { kind: "command", command: ["hostname"] },
});
const events = [];
for await (const { fact } of jobEvents(client, { jobId: job.id })) {
  events.push(fact.type);
  if (fact.type === "accepted") await client.jobs.cancel.mutate({ id: job.id });
}
const bytes = [];
for await (const chunk of jobLogs(client, { jobId: job.id })) bytes.push(...chunk.bytes);
const stranger = createSluiceClient({ url, token: token + "x" });
const refused = await stranger.system.version.query().catch((error) => clientErrorInfo(error).code);
console.log(JSON.stringify({ events, bytes, refused }));
`;

async function run(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  const decoder = new TextDecoder();
  assert.ok(success, decoder.decode(stderr));
  return decoder.decode(stdout);
}

async function hasNode(): Promise<boolean> {
  try {
    await run("node", ["--version"]);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function withBundle(test: (directory: string, code: string) => Promise<void>) {
  const directory = await Deno.makeTempDir();
  try {
    const out = join(directory, "client.js");
    const root = fileURLToPath(new URL("..", import.meta.url));
    await run(Deno.execPath(), [
      "bundle",
      "--quiet",
      "--no-lock",
      "--config",
      join(root, "deno.json"),
      "--platform",
      "browser",
      "--output",
      out,
      join(root, "rpc", "client.ts"),
    ]);
    await test(directory, await Deno.readTextFile(out));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("the client needs nothing of Deno, of Node or of the server", async () => {
  await withBundle((_, code) => {
    const withoutComments = code.replaceAll(/^\s*\*.*$/gm, "");
    const uses = (pattern: RegExp) => withoutComments.match(pattern);
    assert.equal(uses(/[^"`]\bDeno\s*\./), null);
    assert.equal(uses(/(?:from|import|require)\s*\(?\s*["']node:/), null);
    assert.equal(uses(/initTRPC|sqlite|ZodObject/), null);
    return Promise.resolve();
  });
});

Deno.test({
  name: "the client works in Node",
  // A machine of the project's own has Node, so there its absence is a failure.
  ignore: !await hasNode() && Deno.env.get("CI") === undefined,
  fn: async () => {
    await withBundle(async (directory) => {
      await Deno.writeTextFile(join(directory, "package.json"), '{ "type": "module" }');
      await Deno.writeTextFile(join(directory, "program.js"), program);
      await withServer(async ({ api, server }) => {
        const submit = api.jobs.submit;
        Object.assign(api.jobs, {
          submit: async (spec: Parameters<typeof submit>[0]) => {
            const job = await submit(spec);
            api.print(job.id, new Uint8Array([0, 127, 255]));
            return job;
          },
        });
        const printed = await run("node", [join(directory, "program.js"), server.url, testToken]);
        assert.deepEqual(JSON.parse(printed), {
          events: ["accepted", "cancel_requested", "ended"],
          bytes: [0, 127, 255],
          refused: "UNAUTHORIZED",
        });
      });
    });
  },
});

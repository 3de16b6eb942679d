import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SluiceClient } from "../rpc/mod.ts";
import { createSluiceClient, jobEvents, jobLogs } from "../rpc/mod.ts";
import { lastingPort } from "../rpc/testing/mod.ts";
import { configVariables } from "../config/mod.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Served {
  readonly url: string;
  readonly client: SluiceClient;
  /** Sends Ctrl-C and waits for the end. */
  interrupt(): Promise<{ code: number; err: string }>;
}

/** Starts `sluice serve` as a process of its own, with no more permissions than it needs. */
async function startServer(directory: string, port: number): Promise<Served> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-lock",
      "--no-check",
      `--config=${join(root, "deno.json")}`,
      "--allow-net=127.0.0.1",
      "--allow-read",
      `--allow-write=${join(directory, "data")}`,
      "--allow-run=sh",
      `--allow-env=${[...configVariables, "LOG_STREAM", "LOG_TOKENS"].join(",")}`,
      join(root, "cli", "main.ts"),
      "serve",
      "--config",
      join(directory, "sluice.yaml"),
      "--port",
      String(port),
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const err = new Response(child.stderr).text();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!said.includes("token lies")) {
    const { value, done } = await reader.read();
    if (done) assert.fail(`the server did not start: ${said}${await err}`);
    said += value;
  }
  const url = /http:\S+/.exec(said)?.[0] ?? assert.fail(said);
  const token = (await Deno.readTextFile(join(directory, "data", "token"))).trim();
  assert.ok(!said.includes(token), "the token itself is not printed");
  return {
    url,
    client: createSluiceClient({ url, token }),
    interrupt: async () => {
      child.kill("SIGINT");
      const [{ code }] = await Promise.all([child.status, reader.cancel()]);
      return { code, err: await err };
    },
  };
}

Deno.test({
  name: "Ctrl-C stops serve with feeds open, and jobs and feeds go on afterwards",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const directory = await Deno.makeTempDir();
    try {
      const go = join(directory, "go");
      await Deno.writeTextFile(
        join(directory, "sluice.yaml"),
        `dataDirectory: data
clusters:
  here: { type: local, remoteDirectory: ${JSON.stringify(join(directory, "remote"))} }
`,
      );
      const port = lastingPort();
      const first = await startServer(directory, port);
      const job = await first.client.jobs.submit.mutate({
        cluster: "here",
        payload: {
          kind: "command",
          command: [
            "sh",
            "-c",
            `echo one; until [ -e '${go}' ]; do sleep 0.05; done; echo two; exit 3`,
          ],
        },
      });

      const running = Promise.withResolvers<void>();
      const events = (async () => {
        const indexes: number[] = [];
        for await (const { index, fact } of jobEvents(first.client, { jobId: job.id })) {
          indexes.push(index);
          if (fact.type === "running") running.resolve();
        }
        return indexes;
      })();
      const printed = Promise.withResolvers<void>();
      const output = (async () => {
        let text = "";
        for await (const { bytes } of jobLogs(first.client, { jobId: job.id })) {
          text += new TextDecoder().decode(bytes);
          printed.resolve();
        }
        return text;
      })();
      await Promise.all([running.promise, printed.promise]);

      const { code, err } = await first.interrupt();
      assert.equal(code, 0, err);
      assert.match(err, /jobs go on/);
      assert.doesNotMatch(err, /legacy|error/i);

      await Deno.writeTextFile(go, "");
      const second = await startServer(directory, port);
      assert.equal(await output, "one\ntwo\n");
      const indexes = await events;
      assert.deepEqual(indexes, indexes.map((_, place) => place + 1));
      const ended = await second.client.jobs.get.query({ id: job.id });
      assert.equal(ended.phase, "failed");
      assert.equal(ended.exitCode, 3);
      assert.equal((await second.interrupt()).code, 0);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

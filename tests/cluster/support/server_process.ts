/**
 * A server in a process of its own, so that a test can kill it at any moment.
 *
 * Started with `main(file)`'s file as its argument, it serves until it dies.
 *
 * @module
 */

import assert from "node:assert/strict";
import { z } from "zod";
import { Sluice } from "../../../actors/mod.ts";
import { clusterConfigSchema, clusterNameSchema } from "../../../model/mod.ts";
import { serve } from "../../../rpc/mod.ts";
import { throughShell } from "../../../shell/mod.ts";
import { TOKEN } from "./workspace.ts";
import type { ConfigOverrides, Workspace } from "./workspace.ts";

const settingsSchema = z.strictObject({
  dataDirectory: z.string(),
  port: z.int(),
  clusters: z.record(clusterNameSchema, clusterConfigSchema),
});

/** A server in a process of its own. */
export interface ServerProcess extends AsyncDisposable {
  /** Where it listens. */
  readonly port: number;
  /** Ends it at once, as `kill -9` does, and waits until it is gone. */
  kill(): Promise<void>;
}

/**
 * Starts a server on the workspace's journal and waits until it listens.
 *
 * @param overrides What of the cluster's configuration is said otherwise. Default: nothing.
 */
export async function startServerProcess(
  workspace: Workspace,
  port: number,
  overrides: ConfigOverrides = {},
): Promise<ServerProcess> {
  const settings = `${workspace.directory}/settings.json`;
  await Deno.writeTextFile(
    settings,
    JSON.stringify({
      dataDirectory: workspace.dataDirectory,
      port,
      clusters: { dev: workspace.config(overrides) },
    }),
  );
  const permissions = ["net", "read", "write", "env", "sys"].map((name) => `--allow-${name}`);
  const child = new Deno.Command("sh", {
    args: throughShell([
      Deno.execPath(),
      "run",
      "--no-check",
      ...permissions,
      "--allow-run=sh",
      import.meta.filename ?? assert.fail("not a file of this machine"),
      settings,
    ]),
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!said.includes("\n")) {
    const { value, done } = await reader.read();
    assert.ok(!done, "the server ended before it listened");
    said += value;
  }
  const kill = async () => {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await reader.cancel();
    await child.status;
  };
  return { port: Number(new URL(said.trim()).port), kill, [Symbol.asyncDispose]: kill };
}

if (import.meta.main) {
  const [file = ""] = Deno.args;
  const { port, ...config } = settingsSchema.parse(JSON.parse(await Deno.readTextFile(file)));
  await using sluice = await Sluice.open({ config });
  await using server = serve(sluice, { token: TOKEN, port });
  console.log(server.url);
  await server.finished;
}

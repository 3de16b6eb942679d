import assert from "node:assert/strict";
import { join } from "node:path";
import { SluiceError } from "../model/mod.ts";
import { sluiceConfigSchema } from "../config/mod.ts";
import { testToken, withServer } from "../rpc/testing/mod.ts";
import { connect, localUrl } from "./connection.ts";
import { FakeTerminal } from "./testing/fake_terminal.ts";

async function inHome(
  test: (home: string, env: Record<string, string>) => Promise<void>,
): Promise<void> {
  const home = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(home, "token"), `${testToken}\n`);
    await test(home, { HOME: home, SLUICE_CONFIG: join(home, "sluice.yaml") });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

async function code(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SluiceError) return error.code;
    throw error;
  }
  assert.fail("it connected");
}

Deno.test("URL and token come from the configuration and its token file", async () => {
  await inHome(async (home, env) => {
    await withServer(async ({ server }) => {
      await Deno.writeTextFile(
        join(home, "sluice.yaml"),
        `dataDirectory: .\nserver: { port: ${new URL(server.url).port} }\n`,
      );
      const client = await connect({}, new FakeTerminal({ env }));
      assert.equal((await client.system.health.query()).ok, true);
    });
  });
});

Deno.test("the token of this machine is not sent to another one", async () => {
  await inHome(async (home, env) => {
    await Deno.writeTextFile(join(home, "sluice.yaml"), "dataDirectory: .\n");
    const terminal = new FakeTerminal({ env });
    assert.equal(
      await code(connect({ url: "http://198.51.100.7:7878" }, terminal)),
      "TOKEN_MISSING",
    );
    await connect({ url: "http://localhost:1234" }, terminal);
  });
});

Deno.test("without a token it is said where one was looked for", async () => {
  await inHome(async (home, env) => {
    await Deno.writeTextFile(join(home, "sluice.yaml"), "dataDirectory: empty\n");
    await assert.rejects(
      connect({}, new FakeTerminal({ env })),
      (error) =>
        error instanceof SluiceError && error.message.includes(join(home, "empty", "token")),
    );
  });
});

Deno.test("a server that listens everywhere is reached over loopback", () => {
  const url = (host: string) =>
    localUrl(sluiceConfigSchema.parse({ dataDirectory: "x", server: { host, allowRemote: true } }));
  assert.equal(url("127.0.0.1"), "http://127.0.0.1:7878");
  assert.equal(url("0.0.0.0"), "http://127.0.0.1:7878");
  assert.equal(url("::1"), "http://[::1]:7878");
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { TokenError } from "./errors.ts";
import type { SluiceConfig } from "./schema.ts";
import { sluiceConfigSchema } from "./schema.ts";
import { ensureToken, readToken } from "./token.ts";

async function inDirectory(run: (config: SluiceConfig) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await run(sluiceConfigSchema.parse({ dataDirectory: join(directory, "data") }));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("the first start makes a token that only its owner may read, the next one keeps it", async () => {
  await inDirectory(async (config) => {
    assert.equal(await readToken(config), undefined);
    const made = await ensureToken(config);
    assert.match(made.value, /^[0-9a-f]{64}$/);
    assert.deepEqual(await ensureToken(config), made);
    assert.deepEqual(await readToken(config), made);
    const { mode } = await Deno.stat(join(config.dataDirectory, "token"));
    if (Deno.build.os !== "windows") assert.equal((mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("a given token needs no file", async () => {
  await inDirectory(async (config) => {
    const token = "0123456789abcdef";
    const given = { ...config, server: { ...config.server, token } };
    assert.deepEqual(await ensureToken(given), { value: token, source: { kind: "given" } });
    await assert.rejects(Deno.stat(config.dataDirectory), Deno.errors.NotFound);
  });
});

Deno.test("a token file that holds no token is refused without showing it", async () => {
  await inDirectory(async (config) => {
    await Deno.mkdir(config.dataDirectory);
    await Deno.writeTextFile(join(config.dataDirectory, "token"), "hunter2\n");
    await assert.rejects(
      ensureToken(config),
      (error) => error instanceof TokenError && !error.message.includes("hunter2"),
    );
  });
});

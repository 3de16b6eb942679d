/**
 * Sluice's clock jumps an hour forward and an hour back while it works.
 *
 * @module
 */

import { ensurePackages, runScript } from "../../testbed/mod.ts";
import type { Fault } from "../fault.ts";
import { inRounds } from "../fault.ts";
import type { Scene } from "../scene.ts";

const ROUNDS = 3;
const HOUR_SECONDS = 3_600;
/** By how much two readings of the same clock may differ, by their rounding, in ms. */
const CLOCKS_DIFFER_MS = 1_000;

/** The library that gives one program a clock of its own; installed where it is missing. */
async function fakeClock(scene: Scene): Promise<string> {
  const { progress } = scene.world.settings;
  await ensurePackages(progress, [{ program: "faketime", package: "faketime" }]);
  const found = await runScript(
    "find libfaketime",
    'for path in /usr/lib/*/faketime/libfaketime.so.1; do [ -e "$path" ] && echo "$path"; done',
    [],
  );
  return found.trim();
}

/**
 * The server's time in milliseconds since the epoch: a preview has a new id, which begins with the moment at
 * which it was made.
 *
 * Source: RFC 9562, section 5.7, for UUIDv7.
 */
async function timeOf(scene: Scene): Promise<number> {
  const { client, lanes } = scene.world;
  const { directory } = await client.jobs.preview.query({
    cluster: lanes[0]?.cluster ?? "",
    payload: { kind: "command", command: ["true"] },
  });
  const id = directory.slice(directory.lastIndexOf("/") + 1);
  return Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
}

/** See the module. */
export const clockStep: Fault = {
  name: "clock-step",
  about: "Sluice's clock jumps an hour forward and back",
  async run(scene, rounds = ROUNDS) {
    const { server, settings } = scene.world;
    const file = `${settings.directory}/clock`;
    const set = async (seconds: number) => {
      // Never seen half-written: the clock is read from it again and again.
      await Deno.writeTextFile(`${file}.new`, `${seconds < 0 ? "" : "+"}${seconds}\n`);
      await Deno.rename(`${file}.new`, file);
      const before = Date.now();
      const time = await timeOf(scene);
      const own = time - 1_000 * seconds;
      if (own < before - CLOCKS_DIFFER_MS || own > Date.now() + CLOCKS_DIFFER_MS) {
        throw new Error(`the server's clock is ${time - before} ms off, not ${seconds} s`);
      }
    };
    const restart = async (environment: Readonly<Record<string, string>>) => {
      await server.stop();
      server.setEnvironment(environment);
      server.start();
      await server.listening();
    };
    await using stack = new AsyncDisposableStack();
    stack.defer(() => restart({}));
    await Deno.writeTextFile(file, "+0\n");
    await restart({
      LD_PRELOAD: await fakeClock(scene),
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      // A step of the clock moves the time of day only; what is measured by the other clock goes on.
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      FAKETIME_DONT_RESET: "1",
    });
    return await inRounds(scene, rounds, async ({ chance }) => {
      for (const seconds of chance.shuffled([HOUR_SECONDS, -HOUR_SECONDS])) {
        await set(seconds);
        await scene.pause(chance.between(300, 2_500));
      }
      await set(0);
    });
  },
};

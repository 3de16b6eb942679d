import assert from "node:assert/strict";
import { join } from "node:path";
import { openLocal } from "../hosts/mod.ts";
import type { Host } from "../hosts/mod.ts";
import { localClusterSchema } from "../model/mod.ts";
import { Archives } from "./archives.ts";
import type { LocalArchive } from "./archives.ts";
import { RemoteEnvironments } from "./remote_environments.ts";
import { Workshop } from "./testing/workshop.ts";

const { signal } = new AbortController();

/** A cluster in a directory whose name needs quoting, and an archive for it. */
class Stage implements AsyncDisposable {
  /** Paths of the files that were sent. */
  readonly puts: string[] = [];

  private constructor(
    readonly workshop: Workshop,
    readonly host: Host,
    readonly environments: RemoteEnvironments,
    readonly archive: LocalArchive,
  ) {
    const put = host.put.bind(host);
    host.put = (source, path, options) => {
      this.puts.push(path);
      return put(source, path, options);
    };
  }

  static async open(): Promise<Stage> {
    const workshop = await Workshop.open();
    await workshop.write("p/activate.sh", "");
    await workshop.shell("tar -czf archive -C p .");
    const archive = await new Archives().describe(workshop.path("archive"), undefined, signal);
    const host = await openLocal(localClusterSchema.parse({ type: "local" }));
    const environments = new RemoteEnvironments(host, workshop.path("it's $(id)"), "me", 0);
    return new Stage(workshop, host, environments, archive);
  }

  get place(): string {
    return this.workshop.path(`it's $(id)/environments/${this.archive.sha256}`);
  }

  async files(): Promise<string[]> {
    return (await Array.fromAsync(Deno.readDir(this.place), ({ name }) => name)).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.close();
    await this.workshop[Symbol.asyncDispose]();
  }
}

Deno.test("an archive is sent once, however many ask, together or later", async () => {
  await using stage = await Stage.open();
  const { environments, archive } = stage;
  await Promise.all([1, 2, 3, 4].map(() => environments.send(archive, signal)));
  await environments.send(archive, signal);
  assert.equal(stage.puts.length, 1);
  assert.deepEqual(await stage.files(), ["archive", "used"]);
  assert.deepEqual(
    await Deno.readFile(`${stage.place}/archive`),
    await Deno.readFile(stage.workshop.path("archive")),
  );
});

Deno.test("what does not arrive as it was read is not used, and is sent again", async () => {
  await using stage = await Stage.open();
  const { environments, archive, workshop } = stage;
  const whole = await Deno.readFile(workshop.path("archive"));
  await workshop.write("archive", "changed meanwhile");
  await assert.rejects(environments.send(archive, signal), {
    code: "ENVIRONMENT_DAMAGED",
    retryable: true,
  });
  assert.deepEqual(await stage.files(), ["used"]);
  await workshop.write("archive", whole);
  await environments.send(archive, signal);
  assert.deepEqual(await stage.files(), ["archive", "used"]);
});

Deno.test("an archive that is gone when its turn comes is told", async () => {
  await using stage = await Stage.open();
  await Deno.remove(stage.archive.path);
  await assert.rejects(stage.environments.send(stage.archive, signal), {
    code: "ARCHIVE_UNREADABLE",
  });
});

Deno.test("an unpacked environment that has lost files is sent anew", async () => {
  await using stage = await Stage.open();
  await Deno.mkdir(`${stage.place}/tree.1`, { recursive: true });
  const unpack = 'cd "$(dirname "$(find . -name \'tree.1\')")" && ln -s tree.1 tree';
  await stage.workshop.shell(unpack);
  const mark = `${stage.place}/tree.1/.sluice-environment`;
  await Deno.writeTextFile(mark, `${stage.archive.sha256}\n`);
  await stage.environments.send(stage.archive, signal);
  assert.equal(stage.puts.length, 0, "it is there");
  await Deno.remove(mark);
  await stage.environments.send(stage.archive, signal);
  assert.equal(stage.puts.length, 1);
  assert.deepEqual(await stage.files(), ["archive", "used"]);
});

Deno.test("what is unused is retired, then removed; what is wanted or used meanwhile stays", async () => {
  await using stage = await Stage.open();
  const { environments, archive: { sha256 } } = stage;
  const hour = 3_600_000;
  assert.deepEqual(await environments.unused(hour, signal), []);
  await assert.rejects(Deno.stat(join(stage.place, "..")), "nothing is made where nothing is sent");
  await environments.send(stage.archive, signal);
  const longAgo = new Date(Date.now() - 2 * hour);
  const age = () => Deno.utime(`${stage.place}/used`, longAgo, longAgo);
  assert.deepEqual(await environments.unused(hour, signal), []);
  await age();
  assert.deepEqual(await environments.unused(hour, signal), [sha256]);

  const collect = () => environments.collect([], [sha256], hour, signal);
  assert.deepEqual(await collect(), []);
  assert.deepEqual(await stage.files(), ["archive", "retired", "used"]);
  await environments.collect([sha256], [], hour, signal);
  assert.deepEqual(await stage.files(), ["archive", "used"]);
  assert.deepEqual(await environments.unused(hour, signal), [], "it counts as used");

  await age();
  assert.deepEqual(await collect(), []);
  // Used by a job of another Sluice, which has yet to take the retirement back.
  await Deno.writeTextFile(`${stage.place}/used`, "");
  assert.deepEqual(await collect(), []);
  assert.deepEqual(await stage.files(), ["archive", "used"]);

  await age();
  assert.deepEqual(await collect(), []);
  await environments.send(stage.archive, signal);
  assert.deepEqual(await stage.files(), ["archive", "used"], "who sends it takes that back too");

  await age();
  assert.deepEqual(await collect(), []);
  assert.deepEqual(await collect(), [sha256]);
  await assert.rejects(stage.files());
  await environments.send(stage.archive, signal);
  assert.equal(stage.puts.length, 2);
});

Deno.test("a removal that was cut short is carried on, and holds up nobody who sends", async () => {
  await using stage = await Stage.open();
  const { environments, archive } = stage;
  await environments.send(archive, signal);
  await Deno.writeTextFile(`${stage.place}/removing`, "");
  await environments.send(archive, signal);
  assert.equal(stage.puts.length, 2);
  assert.deepEqual(await stage.files(), ["archive", "used"]);
  assert.deepEqual(await environments.unused(1_000_000, signal), []);
  const left = await stage.workshop.shell("find . -name '.removed.*'");
  assert.equal(left, "", "what was in its way is gone");

  await Deno.writeTextFile(`${stage.place}/removing`, "");
  assert.deepEqual(await environments.collect([], [archive.sha256], 0, signal), [archive.sha256]);
});

Deno.test("a directory that cannot be written is told, and it may work later", async () => {
  await using stage = await Stage.open();
  await stage.workshop.write("it's $(id)", "no directory");
  await assert.rejects(stage.environments.send(stage.archive, signal), {
    code: "ENVIRONMENTS_UNUSABLE",
    retryable: true,
  });
});

Deno.test("what runs here is found out once, and what does not is refused", async () => {
  await using stage = await Stage.open();
  const { environments, host } = stage;
  const [mine, other] = Deno.build.arch === "x86_64"
    ? ["linux-x86_64", "linux-aarch64"] as const
    : ["linux-aarch64", "linux-x86_64"] as const;
  await environments.check("any", undefined, signal);
  await environments.check(undefined, undefined, signal);
  assert.equal(host.commandsSent, 0);
  await environments.check(mine, undefined, signal);
  await assert.rejects(environments.check(other, "gpu", signal), {
    code: "PLATFORM_MISMATCH",
    retryable: false,
  });
  assert.equal(host.commandsSent, 1);
});

import assert from "node:assert/strict";
import { openLocal } from "../hosts/mod.ts";
import type { FileInput } from "../model/mod.ts";
import { contentsOf, LocalFiles, RemoteFiles, storedName } from "./mod.ts";
import type { PlacedInput } from "./mod.ts";
import { Workshop } from "./testing/workshop.ts";

const { signal } = new AbortController();

const ODD = 'it\'s $(id)\n"ä" *';
const HOUR_MS = 3_600_000;

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof Error && "code" in error && error.code === code;
}

/** A host that is this machine, with Sluice's directory in a workshop. */
class Cluster implements AsyncDisposable {
  private constructor(
    readonly shop: Workshop,
    readonly host: Awaited<ReturnType<typeof openLocal>>,
    readonly root: string,
    readonly files: RemoteFiles,
  ) {}

  static async open(): Promise<Cluster> {
    const shop = await Workshop.open();
    const host = await openLocal();
    const root = shop.path("it's $(root)");
    await Deno.mkdir(root);
    return new Cluster(shop, host, root, new RemoteFiles(host, root));
  }

  /** Puts the inputs in their places, by what they are and where they go. */
  async place(job: string, inputs: Readonly<Record<string, FileInput>>): Promise<void> {
    const local = new LocalFiles();
    const placed: PlacedInput[] = [];
    for (const [to, input] of Object.entries(inputs)) {
      placed.push({
        name: to,
        input: await local.read(to, input, signal),
        to: to.startsWith("/") ? to : `${this.root}/jobs/${job}/${to}`,
      });
    }
    await this.files.place(placed, `${this.root}/jobs/${job}`, signal);
  }

  /** A path in Sluice's directory, as the workshop names it. */
  at(path: string): string {
    return `it's $(root)/${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.close();
    await this.shop[Symbol.asyncDispose]();
  }
}

Deno.test("inputs are put in their places, whatever their names, and nothing else is left there", async () => {
  await using cluster = await Cluster.open();
  const { shop } = cluster;
  await shop.write(`tree/${ODD}/${ODD}`, "odd");
  await shop.write("tree/run", "#!/bin/sh\n", 0o755);
  await Deno.mkdir(shop.path("tree/empty"));
  await Deno.symlink(`${ODD}/${ODD}`, shop.path("tree/link"));
  const elsewhere = shop.path(`elsewhere/${ODD}`);
  await cluster.place("1", {
    [`inputs/${ODD}`]: { file: shop.path(`tree/${ODD}/${ODD}`) },
    "inputs/tree": { directory: shop.path("tree") },
    [elsewhere]: { text: "text", to: "" },
  });
  assert.deepEqual(await shop.list(cluster.at("jobs/1")), ["inputs"]);
  assert.deepEqual(await shop.list(cluster.at("jobs/1/inputs")), [ODD, "tree"].sort());
  const tree = cluster.at("jobs/1/inputs/tree");
  assert.deepEqual(await shop.list(tree), ["empty", ODD, "link", "run"].sort());
  assert.equal(await shop.read(`${tree}/link`), "odd");
  assert.equal(await Deno.readLink(shop.path(`${tree}/link`)), `${ODD}/${ODD}`);
  const mode = async (path: string) => ((await Deno.stat(shop.path(path))).mode ?? 0) & 0o777;
  assert.deepEqual([await mode(`${tree}/run`), await mode(`${tree}/${ODD}/${ODD}`)], [
    0o700,
    0o600,
  ]);
  assert.equal(await Deno.readTextFile(elsewhere), "text");
});

Deno.test("a job has copies of its own, and to place them again makes them as they were", async () => {
  await using cluster = await Cluster.open();
  const { shop } = cluster;
  const inputs = {
    "inputs/a": { file: await shop.write("a", "one") },
    "inputs/tree": { directory: shop.path("tree") },
  };
  await shop.write("tree/b", "two");
  await cluster.place("1", inputs);
  await Deno.writeTextFile(shop.path(cluster.at("jobs/1/inputs/a")), "changed");
  await Deno.writeTextFile(shop.path(cluster.at("jobs/1/inputs/tree/b")), "changed");
  await cluster.place("2", inputs);
  await cluster.place("1", inputs);
  for (const job of ["1", "2"]) {
    assert.equal(await shop.read(cluster.at(`jobs/${job}/inputs/a`)), "one");
    assert.equal(await shop.read(cluster.at(`jobs/${job}/inputs/tree/b`)), "two");
  }
});

Deno.test("a link that lies in the place of an input is replaced, not followed", async () => {
  await using cluster = await Cluster.open();
  const { shop } = cluster;
  await shop.write("victim", "mine");
  await shop.write("tree/b", "two");
  await shop.write(cluster.at("jobs/1/tree/none"), "");
  await Deno.symlink(shop.path("victim"), shop.path(cluster.at("jobs/1/a")));
  await Deno.symlink(shop.path("victim"), shop.path(cluster.at("jobs/1/tree/b")));
  await cluster.place("1", {
    "a": { text: "one", to: "" },
    "tree": { directory: shop.path("tree") },
  });
  assert.equal(await shop.read("victim"), "mine");
  assert.equal(await shop.read(cluster.at("jobs/1/a")), "one");
  assert.equal(await shop.read(cluster.at("jobs/1/tree/b")), "two");
});

Deno.test("what a directory holds is told by name and kind, without following links", async () => {
  await using cluster = await Cluster.open();
  const { shop, files } = cluster;
  await shop.write(`tree/${ODD}/a`, "content", 0o640);
  await Deno.symlink("/etc/passwd", shop.path("tree/link"));
  const entries = await files.list(shop.path("tree"), signal);
  assert.deepEqual(entries.toSorted((a, b) => a.path.localeCompare(b.path)), [
    { kind: "directory", path: ODD },
    { kind: "file", path: `${ODD}/a`, size: 7, mode: 0o640 },
    { kind: "symlink", path: "link", target: "/etc/passwd" },
  ]);
  await assert.rejects(files.list(shop.path("none"), signal), hasCode("FILE_NOT_FOUND"));
});

Deno.test("what is there is not sent again, and of what changed only that is sent", async () => {
  await using cluster = await Cluster.open();
  const { shop } = cluster;
  for (let n = 0; n < 5; n++) await shop.write(`tree/${n}`, `content ${n}`);
  const inputs = { "tree": { directory: shop.path("tree") } };
  await cluster.place("1", inputs);
  const stored = await shop.list(cluster.at("files"));
  assert.equal(stored.length, 5);
  const before = await Deno.stat(shop.path(cluster.at(`files/${stored[0]}`)));
  await shop.write("tree/0", "another");
  await cluster.place("2", inputs);
  assert.equal((await shop.list(cluster.at("files"))).length, 6);
  const after = await Deno.stat(shop.path(cluster.at(`files/${stored[0]}`)));
  assert.equal(after.ino, before.ino, "it was not written anew");
});

Deno.test("a file that changes while it is sent leaves nothing, and the error says to try again", async () => {
  await using cluster = await Cluster.open();
  const { shop } = cluster;
  for (const size of [10, 5 * 1024 * 1024]) {
    const path = await shop.write("a", new Uint8Array(size));
    const input = await new LocalFiles().read("a", { file: path }, signal);
    await shop.write("a", new Uint8Array(size).fill(1));
    const placed = [{ name: "a", input, to: `${cluster.root}/jobs/1/a` }];
    await assert.rejects(
      cluster.files.place(placed, `${cluster.root}/jobs/1`, signal),
      (error: unknown) =>
        hasCode("INPUT_CHANGED")(error) && error instanceof Error && "retryable" in error &&
        error.retryable === true,
    );
    assert.deepEqual(await shop.list(cluster.at("files")), []);
  }
});

Deno.test("a place that cannot be written is no passing trouble", async () => {
  await using cluster = await Cluster.open();
  const { shop } = cluster;
  await shop.write(cluster.at("jobs/1/a/b"), "");
  await assert.rejects(
    cluster.place("1", { "a": { text: "", to: "" } }),
    (error: unknown) =>
      hasCode("INPUT_NOT_PLACED")(error) && error instanceof Error && "retryable" in error &&
      error.retryable === false && /directory/.test(error.message),
  );
});

Deno.test("files that no job has wanted for long go, and those that one has wanted stay", async () => {
  await using cluster = await Cluster.open();
  const { shop, files } = cluster;
  assert.equal(await files.expire(HOUR_MS, signal), 0, "there is nothing yet");
  await cluster.place("1", { "a": { text: "old", to: "" }, "b": { text: "wanted", to: "" } });
  const [old] = contentsOf(await new LocalFiles().read("a", { text: "old", to: "" }, signal));
  assert.ok(old !== undefined);
  const past = new Date(Date.now() - 2 * HOUR_MS);
  for (const name of await shop.list(cluster.at("files"))) {
    await Deno.utime(shop.path(cluster.at(`files/${name}`)), past, past);
  }
  await shop.write(cluster.at("files/.sluice-1.part"), "arriving");
  await cluster.place("2", { "b": { text: "wanted", to: "" } });
  assert.equal(await files.expire(HOUR_MS, signal), 1);
  const left = await shop.list(cluster.at("files"));
  assert.ok(!left.includes(storedName(old)));
  assert.equal(left.filter((name) => !name.startsWith(".")).length, 1);
  assert.ok(left.includes(".sluice-1.part"), "what may be arriving stays for a while");
});

Deno.test("what was sent may go at any time: the job is told to try again", async () => {
  await using cluster = await Cluster.open();
  const { shop } = cluster;
  await shop.write("tree/b", "two");
  const { host, root } = cluster;
  const run = host.stream.bind(host);
  // Between the sending and the placing.
  host.stream = async (command, options) => {
    if (command.includes("sluice_put_")) {
      await Deno.remove(`${root}/files`, { recursive: true });
      await Deno.mkdir(`${root}/files`);
    }
    return await run(command, options);
  };
  for (
    const input of [{ "a": { text: "", to: "" } }, { "a": { directory: shop.path("tree") } }]
  ) {
    await assert.rejects(cluster.place("1", input), hasCode("FILES_UNUSABLE"));
  }
});

/**
 * Many files in one stream, there and back.
 */

import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { readArchive } from "./archive.ts";
import { FileError, UnsafePathError } from "./file_errors.ts";
import type { FileEntry, Host, TransferProgress } from "./host.ts";
import { openLocal } from "./local/mod.ts";

async function withDirectory(body: (host: Host, directory: string) => Promise<void>) {
  const directory = await Deno.makeTempDir();
  try {
    await using host = await openLocal();
    await body(host, directory);
    // What was left behind by a transfer would be found here.
    const hidden = (await host.list(directory)).filter(({ name }) => name.startsWith(".sluice-"));
    assert.deepEqual(hidden, []);
  } finally {
    await new Deno.Command("sh", { args: ["-c", `chmod -R u+rwX ${directory}`] }).output();
    await Deno.remove(directory, { recursive: true });
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);
const file = (path: string, content: string, mode?: number): FileEntry => ({
  kind: "file",
  path,
  content: bytes(content),
  ...(mode === undefined ? {} : { mode }),
});

/** Everything in an archive, with the contents as text. */
async function read(archive: AsyncIterable<Uint8Array>): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const one of readArchive(archive)) {
    const mode = one.mode.toString(8);
    if (one.kind === "file") {
      let text = "";
      const decoder = new TextDecoder();
      for await (const chunk of one.content) text += decoder.decode(chunk, { stream: true });
      found.set(one.path, `${mode} ${text}`);
    } else found.set(one.path, one.kind === "symlink" ? `-> ${one.target}` : `${mode} ${one.kind}`);
  }
  return found;
}

const isProblem = (problem: string) => (error: unknown) => {
  assert.ok(error instanceof FileError, String(error));
  assert.equal(error.problem, problem, error.message);
  return true;
};

Deno.test("files of any name, empty directories, modes and links go there and back", async () => {
  await withDirectory(async (host, directory) => {
    const names = [
      "plain",
      "-rf",
      "--to-command=touch pwned",
      "new\nline",
      'quote\'s "and" $(x) `y` * ? \\ ~',
      "ünïcödé 日本",
      `${"long".repeat(50)}/${"name".repeat(60)}`,
      "a/b c/d",
    ];
    const entries: FileEntry[] = [
      ...names.map((name) => file(name, `content of ${name}`, 0o640)),
      file("empty", ""),
      file("run", "#!/bin/sh\n", 0o755),
      { kind: "directory", path: "nothing here", mode: 0o711 },
      { kind: "directory", path: "read-only", mode: 0o500 },
      { kind: "symlink", path: "link", target: "/etc/passwd" },
      { kind: "symlink", path: "up", target: "../../.." },
    ];
    await host.putFiles(entries, `${directory}/-all`);
    const found = await read(await host.getArchive(`${directory}/-all`));
    for (const name of names) assert.equal(found.get(name), `640 content of ${name}`, name);
    assert.equal(found.get("empty"), "600 ");
    assert.equal(found.get("run"), "755 #!/bin/sh\n");
    assert.equal(found.get("nothing here"), "711 directory");
    assert.equal(found.get("read-only"), "500 directory");
    assert.equal(found.get("link"), "-> /etc/passwd");
    assert.equal(found.get("up"), "-> ../../..");
    assert.equal((await host.stat(`${directory}/-all/a/b c`))?.mode, 0o700);
  });
});

Deno.test("two thousand files and a large one among them arrive as they were, with progress", async () => {
  await withDirectory(async (host, directory) => {
    const large = Uint8Array.from({ length: 9_000_000 }, (_, index) => index * 7 % 251);
    async function* entries(): AsyncGenerator<FileEntry> {
      for (let n = 0; n < 2_000; n++) yield file(`d${n % 10}/${n}`, `${n} `.repeat(n % 1_000));
      const open = () => ReadableStream.from([large.subarray(0, 5), large.subarray(5)]);
      yield { kind: "file", path: "large", content: { size: large.length, open } };
      yield { ...file("dated", "x"), modifiedAt: 1_600_000_000_000 };
    }
    const up: TransferProgress[] = [];
    await host.putFiles(entries(), `${directory}/all`, { onProgress: (one) => up.push(one) });
    let files = 0;
    let total = 0;
    let archived = 0;
    const down: TransferProgress[] = [];
    const archive = await host.getArchive(`${directory}/all`, {
      onProgress: (one) => down.push(one),
    });
    const counting = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        archived += chunk.length;
        controller.enqueue(chunk);
      },
    });
    for await (const one of readArchive(archive.pipeThrough(counting))) {
      if (one.kind !== "file") continue;
      files++;
      const chunks: Uint8Array[] = [];
      for await (const chunk of one.content) chunks.push(chunk);
      const content = await new Blob(chunks.map((chunk) => chunk.slice())).bytes();
      total += content.length;
      if (one.path === "large") assert.ok(content.every((byte, at) => byte === large[at]));
      else if (one.path !== "dated") {
        const n = Number(one.path.split("/")[1]);
        assert.equal(new TextDecoder().decode(content), `${n} `.repeat(n % 1_000));
      }
    }
    assert.equal(files, 2_002);
    assert.equal(up.at(-1)?.bytes, total);
    assert.deepEqual(down.at(-1), { bytes: archived });
    assert.equal(host.openChannels, 0);
    assert.equal((await host.stat(`${directory}/all/dated`))?.modifiedAt, 1_600_000_000_000);
  });
});

Deno.test("a directory that holds something is refused, or kept and added to", async () => {
  await withDirectory(async (host, directory) => {
    const place = `${directory}/place`;
    await host.putFiles([file("old", "old"), file("both", "old")], place);
    await assert.rejects(host.putFiles([file("new", "new")], place), isProblem("not-empty"));
    await host.run(`ln -s /nonexistent/target ${place}/link`);
    await host.putFiles([file("new", "new"), file("both", "new"), file("link", "mine")], place, {
      existing: "merge",
    });
    assert.deepEqual(
      await read(await host.getArchive(place)),
      new Map([["both", "600 new"], ["link", "600 mine"], ["new", "600 new"], ["old", "600 old"]]),
    );
    await host.putFiles([file("a", "a")], `${directory}/made`, { existing: "merge" });
    assert.equal((await host.stat(`${directory}/made/a`))?.size, 1);
  });
});

Deno.test("a merge never follows a link out of the directory", async () => {
  await withDirectory(async (host, directory) => {
    await Deno.mkdir(`${directory}/outside`);
    await Deno.mkdir(`${directory}/place`);
    await host.run(`ln -s ../outside ${directory}/place/sub`);
    await assert.rejects(
      host.putFiles([file("sub/file", "x")], `${directory}/place`, { existing: "merge" }),
      FileError,
    );
    assert.deepEqual(await host.list(`${directory}/outside`), []);
  });
});

Deno.test("a path that leads out of the directory is refused before anything is in place", async () => {
  await withDirectory(async (host, directory) => {
    for (const path of ["../x", "a/../../x", "/etc/x", "", ".", "a//b", "a/.", "nul\0"]) {
      await assert.rejects(
        host.putFiles([file("good", "x"), file(path, "x")], `${directory}/place`),
        UnsafePathError,
      );
    }
    assert.deepEqual(await host.list(directory), []);
  });
});

Deno.test("an archive that names what lies outside is not believed", async () => {
  await withDirectory(async (_host, directory) => {
    // A tar of the host's own that packs something else than it was asked for.
    await Deno.mkdir(`${directory}/bin`);
    await Deno.writeTextFile(`${directory}/outside`, "x");
    await Deno.mkdir(`${directory}/place`);
    await Deno.writeTextFile(
      `${directory}/bin/tar`,
      "#!/bin/sh\nexec /usr/bin/tar -c -P -f - ../outside\n",
      { mode: 0o755 },
    );
    await using other = await openLocal({
      shell: { command: `env PATH=${directory}/bin:/usr/bin:/bin sh`, login: false, prelude: "" },
    });
    await assert.rejects(
      read(await other.getArchive(`${directory}/place`)),
      UnsafePathError,
    );
  });
});

Deno.test("what fails says why and leaves nothing behind", async () => {
  await withDirectory(async (host, directory) => {
    await Deno.writeTextFile(`${directory}/file`, "");
    const put = (place: string) => host.putFiles([file("x", "x".repeat(100_000))], place);
    await assert.rejects(put(`${directory}/none/place`), isProblem("not-found"));
    await assert.rejects(put(`${directory}/file/place`), isProblem("not-a-directory"));
    await assert.rejects(put(`${directory}/file`), isProblem("not-a-directory"));
    await assert.rejects(host.getArchive(`${directory}/none`), isProblem("not-found"));
    await assert.rejects(host.getArchive(`${directory}/file`), isProblem("not-a-directory"));
    await host.run("true");
    assert.equal(host.openChannels, 1);
  });
});

Deno.test("an archive of a directory is the same each time and goes on at any byte, and where tar fails says why", async () => {
  await withDirectory(async (host, directory) => {
    const place = `${directory}/place`;
    const entries = [file("b", "x".repeat(30_000), 0o640), file("a/-rf", "inner"), file("'", "")];
    await host.putFiles(entries, place);
    const all = async (offset: number) =>
      await new Response(await host.getArchive(place, { offset })).bytes();
    const whole = await all(0);
    for (const offset of [1, 512, 20_001, whole.length]) {
      assert.deepEqual(await all(offset), whole.subarray(offset));
    }
    const found = await read(new Blob([whole]).stream());
    assert.deepEqual([...found.keys()], ["'", "a", "a/-rf", "b"]);
    assert.equal(found.get("a/-rf"), "600 inner");
    // A tar that fails at its end, as of a file that changed meanwhile.
    await Deno.mkdir(`${directory}/bin`);
    const tar = `${directory}/bin/tar`;
    await Deno.writeTextFile(tar, "#!/bin/sh\necho archive; echo 'tar: ./b: gone' >&2; exit 1\n", {
      mode: 0o755,
    });
    await using other = await openLocal({
      shell: { command: `env PATH=${directory}/bin:/usr/bin:/bin sh`, login: false, prelude: "" },
    });
    for (const offset of [0, 2]) {
      const archive = await other.getArchive(place, { offset });
      await assert.rejects(read(archive), /gone/);
    }
    assert.equal(host.openChannels, 0);
  });
});

Deno.test("an error of the source, or a source of the wrong size, leaves nothing behind", async () => {
  await withDirectory(async (host, directory) => {
    const broken = new Error("broken source");
    async function* failing(): AsyncGenerator<FileEntry> {
      yield file("a", "a".repeat(1_000_000));
      await Promise.resolve();
      throw broken;
    }
    await assert.rejects(host.putFiles(failing(), `${directory}/place`), broken);
    const open = () => ReadableStream.from([bytes("four")]);
    for (const size of [3, 5]) {
      await assert.rejects(
        host.putFiles([{ kind: "file", path: "a", content: { size, open } }], `${directory}/place`),
        RangeError,
      );
    }
    assert.deepEqual(await host.list(directory), []);
  });
});

Deno.test("clearing away comes to its end, however long it takes", async () => {
  await withDirectory(async (_host, directory) => {
    // The stream that is closed asks its command to end again and again meanwhile.
    await Deno.mkdir(`${directory}/bin`);
    const slow = `#!/bin/sh\nsleep 1\nexec /bin/rm "$@"\n`;
    await Deno.writeTextFile(`${directory}/bin/rm`, slow, { mode: 0o755 });
    await using other = await openLocal({
      shell: { command: `env PATH=${directory}/bin:/usr/bin:/bin sh`, login: false, prelude: "" },
    });
    const unsafe = [file("good", "x"), file("../x", "x")];
    await assert.rejects(other.putFiles(unsafe, `${directory}/place`), UnsafePathError);
    assert.deepEqual((await other.list(directory)).map(({ name }) => name), ["bin"]);
  });
});

Deno.test("an abort stops the source and leaves nothing behind", async () => {
  await withDirectory(async (host, directory) => {
    const abort = new AbortController();
    const reason = new Error("enough");
    let stopped = false;
    async function* endless(): AsyncGenerator<FileEntry> {
      try {
        for (let n = 0;; n++) {
          yield file(`${n}`, "x".repeat(100_000));
          if (n === 100) abort.abort(reason);
        }
      } finally {
        stopped = true;
      }
    }
    await assert.rejects(
      host.putFiles(endless(), `${directory}/place`, { signal: abort.signal }),
      reason,
    );
    assert.equal(stopped, true);
    while (host.openChannels > 1) await delay(1);
    assert.deepEqual(await host.list(directory), []);
  });
});

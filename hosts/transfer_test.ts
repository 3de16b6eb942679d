import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { FileError } from "./file_errors.ts";
import type { Host, TransferProgress } from "./host.ts";
import { openLocal } from "./local/mod.ts";

async function withDirectory(body: (host: Host, directory: string) => Promise<void>) {
  const directory = await Deno.makeTempDir();
  try {
    await using host = await openLocal();
    await body(host, directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function streamOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks);
}

const bytesOf = async (stream: Promise<ReadableStream<Uint8Array>>) =>
  await new Response(await stream).bytes();

const isProblem = (problem: string) => (error: unknown) => {
  assert.ok(error instanceof FileError, String(error));
  assert.equal(error.problem, problem, error.message);
  return true;
};

const HOSTILE_NAMES = [
  "plain",
  "-rf",
  "--",
  "with space",
  "new\nline",
  'quote\'s "and" `backticks` $(touch pwned) $HOME ~ * ? [a] \\ ; & | <>',
  "\x1f separators \x01",
  "ünïcödé 日本",
  ".hidden",
  "..twodots",
  "tail newline\n",
];

Deno.test("files of any name go there and back to the byte, and are listed by that name", async () => {
  await withDirectory(async (host, directory) => {
    const content = crypto.getRandomValues(new Uint8Array(10_000));
    for (const name of HOSTILE_NAMES) {
      const path = `${directory}/${name}`;
      await host.put(content, path);
      assert.deepEqual(await bytesOf(host.get(path)), content, name);
      const info = await host.stat(path);
      assert.equal(info?.name, name);
      assert.equal(info?.size, content.length);
      assert.equal(info?.kind, "file");
      assert.equal(info?.mode, 0o600);
      assert.ok(Math.abs((info?.modifiedAt ?? 0) - Date.now()) < 60_000);
    }
    const listed = (await host.list(directory)).map((info) => info.name);
    assert.deepEqual(listed, HOSTILE_NAMES.toSorted());
    for (const name of HOSTILE_NAMES) await host.remove(`${directory}/${name}`);
    assert.deepEqual(await host.list(directory), []);
  });
});

Deno.test("any bytes in any chunks arrive as they were", async () => {
  await withDirectory(async (host, directory) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 6 }),
        async (chunks) => {
          const path = `${directory}/file`;
          await host.put(streamOf(...chunks), path);
          const whole = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
          assert.deepEqual(await bytesOf(host.get(path)), whole);
        },
      ),
      { numRuns: 25 },
    );
  });
});

Deno.test("a large file is streamed with progress", async () => {
  await withDirectory(async (host, directory) => {
    const size = 20_000_000;
    const chunk = crypto.getRandomValues(new Uint8Array(50_000));
    const chunks = Array.from({ length: size / chunk.length }, () => chunk);
    const up: TransferProgress[] = [];
    await host.put(streamOf(...chunks), `${directory}/large`, {
      size,
      mode: 0o640,
      onProgress: (progress) => up.push(progress),
    });
    assert.deepEqual(up.at(-1), { bytes: size, total: size });
    const down: TransferProgress[] = [];
    const stream = await host.get(`${directory}/large`, {
      onProgress: (progress) => down.push(progress),
    });
    let read = 0;
    for await (const bytes of stream) read += bytes.length;
    assert.equal(read, size);
    assert.deepEqual(down.at(-1), { bytes: size, total: size });
    assert.equal((await host.stat(`${directory}/large`))?.mode, 0o640);
    assert.equal(host.openChannels, 1);
  });
});

Deno.test("a part of a file is read from offset and length", async () => {
  await withDirectory(async (host, directory) => {
    const path = `${directory}/digits`;
    await host.put(new TextEncoder().encode("0123456789"), path);
    const read = async (options: { offset?: number; length?: number }) =>
      new TextDecoder().decode(await bytesOf(host.get(path, options)));
    assert.equal(await read({ offset: 3 }), "3456789");
    assert.equal(await read({ length: 3 }), "012");
    assert.equal(await read({ offset: 8, length: 100 }), "89");
    assert.equal(await read({ offset: 2, length: 4 }), "2345");
    assert.equal(await read({ offset: 100 }), "");
    assert.equal(await read({ length: 0 }), "");
  });
});

Deno.test("putting replaces a symbolic link rather than what it points to", async () => {
  await withDirectory(async (host, directory) => {
    await Deno.writeTextFile(`${directory}/target`, "kept");
    await Deno.symlink(`${directory}/target`, `${directory}/link`);
    assert.equal((await host.stat(`${directory}/link`))?.kind, "symlink");
    await host.put(new TextEncoder().encode("new"), `${directory}/link`);
    assert.equal(await Deno.readTextFile(`${directory}/target`), "kept");
    assert.equal(await Deno.readTextFile(`${directory}/link`), "new");
  });
});

Deno.test("a transfer that fails says why and leaves nothing behind", async () => {
  await withDirectory(async (host, directory) => {
    const bytes = new Uint8Array(1_000_000);
    await Deno.mkdir(`${directory}/sub`);
    await Deno.writeTextFile(`${directory}/file`, "");
    await assert.rejects(host.put(bytes, `${directory}/none/x`), isProblem("not-found"));
    await assert.rejects(host.put(bytes, `${directory}/sub`), isProblem("is-a-directory"));
    await assert.rejects(host.get(`${directory}/none`), isProblem("not-found"));
    await assert.rejects(host.get(`${directory}/sub`), isProblem("is-a-directory"));
    await assert.rejects(host.get(`${directory}/file/x`), isProblem("not-a-directory"));
    await assert.rejects(host.list(`${directory}/none`), isProblem("not-found"));
    await assert.rejects(host.list(`${directory}/file`), isProblem("not-a-directory"));
    await assert.rejects(host.remove(`${directory}/sub`), isProblem("is-a-directory"));
    await assert.rejects(host.freeSpace(`${directory}/none`), isProblem("not-found"));
    await assert.rejects(host.put(bytes, "/proc/x"), isProblem("not-found"));
    assert.equal(await host.stat(`${directory}/none`), undefined);
    assert.equal(await host.stat(`${directory}/file/x`), undefined);
    const names = (await host.list(directory)).map((info) => info.name);
    assert.deepEqual(names, ["file", "sub"]);
    assert.equal(host.openChannels, 1);
  });
});

Deno.test("an error of the source reaches the caller and leaves nothing behind", async () => {
  await withDirectory(async (host, directory) => {
    const broken = new Error("broken source");
    let first = true;
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (first) controller.enqueue(new Uint8Array(300_000));
        else controller.error(broken);
        first = false;
      },
    });
    await assert.rejects(host.put(source, `${directory}/file`), broken);
    assert.deepEqual(await host.list(directory), []);
  });
});

Deno.test("an aborted put stops its source and leaves nothing behind", async () => {
  await withDirectory(async (host, directory) => {
    const abort = new AbortController();
    const reason = new Error("enough");
    let cancelled = false;
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(300_000));
      },
      cancel() {
        cancelled = true;
      },
    });
    let told = 0;
    await assert.rejects(
      host.put(source, `${directory}/file`, {
        signal: abort.signal,
        onProgress: () => {
          if (++told === 2) abort.abort(reason);
        },
      }),
      reason,
    );
    assert.equal(cancelled, true);
    assert.deepEqual(await host.list(directory), []);
  });
});

Deno.test("a get that is aborted or cancelled frees its channel", async () => {
  await withDirectory(async (host) => {
    const abort = new AbortController();
    const stream = await host.get("/dev/zero", { signal: abort.signal });
    const reader = stream.getReader();
    await reader.read();
    const reason = new Error("enough");
    abort.abort(reason);
    await assert.rejects(reader.read(), reason);
    const other = await host.get("/dev/zero");
    await other.cancel();
    await host.run("true");
    // The abort was told before its command had ended; were a channel kept, this would never end.
    while (host.openChannels > 1) await delay(1);
  });
});

Deno.test("directories are made with parents and removed with what they hold", async () => {
  await withDirectory(async (host, directory) => {
    const path = `${directory}/-a/b c/d\ne`;
    await host.makeDirectory(path, { mode: 0o700 });
    await host.makeDirectory(path);
    const info = await host.stat(path);
    assert.equal(info?.kind, "directory");
    assert.equal(info?.mode, 0o700);
    assert.equal(info?.name, "d\ne");
    await host.put(new Uint8Array(3), `${path}/file`);
    await host.remove(`${directory}/-a`, { recursive: true });
    await host.remove(`${directory}/-a`, { recursive: true });
    await host.remove(`${directory}/-a`);
    assert.equal(await host.stat(path), undefined);
  });
});

Deno.test("a directory of a thousand entries is listed whole", async () => {
  await withDirectory(async (host, directory) => {
    await host.run(
      `cd ${directory} && i=1000; while [ $i -lt 2000 ]; do : > f$i; i=$((i+1)); done`,
    );
    await Deno.symlink("nowhere", `${directory}/dangling`);
    const files = await host.list(directory);
    assert.equal(files.length, 1001);
    assert.equal(files[0]?.name, "dangling");
    assert.equal(files[0]?.kind, "symlink");
    assert.equal(files.at(-1)?.name, "f1999");
  });
});

Deno.test("free space is told in bytes", async () => {
  await withDirectory(async (host, directory) => {
    const space = await host.freeSpace(directory);
    assert.ok(space.freeBytes > 0);
    assert.ok(space.totalBytes >= space.freeBytes);
  });
});

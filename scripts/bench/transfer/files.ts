/**
 * The files that are moved, on this machine.
 *
 * @module
 */

import { runScript } from "../../testbed/mod.ts";

/** Size of the large file in bytes. */
export const LARGE_BYTES = 200_000_000;
/** How many small files there are. */
export const SMALL_FILES = 2_000;

/** Makes the large file `large` and the small files below `small`, of 1 to 8 kB, a hundred in a directory. */
export async function makeFiles(directory: string): Promise<void> {
  await runScript("head", `head -c ${LARGE_BYTES} /dev/urandom >"$1/large"`, [directory]);
  for (let number = 0; number < SMALL_FILES; number++) {
    const place = `${directory}/small/${Math.floor(number / 100)}`;
    if (number % 100 === 0) await Deno.mkdir(place, { recursive: true });
    const content = new Uint8Array(1_000 + number * 7 % 7_000).fill(number % 251);
    await Deno.writeFile(`${place}/${number}`, content);
  }
}

/** The large file as a stream. */
export async function largeFile(directory: string): Promise<ReadableStream<Uint8Array>> {
  return (await Deno.open(`${directory}/large`)).readable;
}

/** A small file; its path is that below `small`. */
export interface SmallFile {
  readonly kind: "file";
  readonly path: string;
  readonly content: Uint8Array;
}

/** The small files, read one by one. */
export async function* smallFiles(directory: string): AsyncGenerator<SmallFile> {
  for await (const { name } of Deno.readDir(`${directory}/small`)) {
    for await (const file of Deno.readDir(`${directory}/small/${name}`)) {
      const path = `${name}/${file.name}`;
      const content = await Deno.readFile(`${directory}/small/${path}`);
      yield { kind: "file", path, content };
    }
  }
}

/** Writes the large file. */
export async function writeLarge(
  content: ReadableStream<Uint8Array>,
  path: string,
): Promise<void> {
  await content.pipeTo((await Deno.create(path)).writable);
}

/** Throws unless both places hold the same. */
export async function same(one: string, other: string): Promise<void> {
  await runScript("diff", 'diff -r "$1" "$2"', [one, other]);
}

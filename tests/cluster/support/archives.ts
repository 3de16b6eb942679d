/**
 * Environments that tests pack.
 *
 * @module
 */

import { pipEnvironment, pythonTool, runScript, userCache } from "../../../scripts/testbed/mod.ts";

/** What an environment of a test holds. */
export interface PrefixOptions {
  /** What its program `which-one` prints. */
  readonly word: string;
  /** Bytes that it holds beside, which do not get smaller when they are compressed. Default: none. */
  readonly bytes?: number;
  /** The activation script. Default: one that puts `bin` on PATH. */
  readonly activate?: string;
  /** The word of GNU tar for how it is compressed, such as `--gzip`. Default: it is not. */
  readonly compression?: string;
}

const ACTIVATE = `PATH=$SLUICE_ENVIRONMENT/bin:$PATH\nexport PATH\n`;

/** Packs a small prefix with `activate.sh` and a program, and gives the path of the archive. */
export async function packPrefix(
  directory: string,
  name: string,
  { word, bytes = 0, activate = ACTIVATE, compression = "--no-auto-compress" }: PrefixOptions,
): Promise<string> {
  const prefix = `${directory}/${name}.prefix`;
  const archive = `${directory}/${name}`;
  await Deno.mkdir(`${prefix}/bin`, { recursive: true });
  await Deno.writeTextFile(`${prefix}/activate.sh`, activate);
  await Deno.writeTextFile(`${prefix}/bin/which-one`, `#!/bin/sh\necho ${word}\n`, { mode: 0o755 });
  await runScript(
    "tar",
    `if [ "$3" -gt 0 ]; then head -c "$3" /dev/urandom >"$1/data"; fi
     tar -c "$4" -f "$2" -C "$1" . && rm -rf -- "$1"`,
    [prefix, archive, String(bytes), compression],
  );
  return archive;
}

/** Packs a virtual environment with packages from PyPI by venv-pack, and gives the path of the archive. */
export async function packVenv(
  directory: string,
  requirements: readonly string[],
): Promise<string> {
  const tool = await pythonTool("venv-pack2==0.9.2");
  const archive = `${directory}/venv.tar.gz`;
  await runScript(
    "venv-pack",
    `tool=$1 place=$2 archive=$3
     shift 3
     if [ ! -f "$place" ]; then
       part=$(mktemp -d)
       trap 'rm -rf -- "$part"' EXIT
       # Of the Python that the nodes have too.
       /usr/bin/python3 -m venv --without-pip "$part/venv"
       "$tool/bin/python" -m pip --python "$part/venv/bin/python" install --quiet \\
         --disable-pip-version-check "$@" >&2
       "$tool/bin/python" -m venv_pack --quiet --prefix "$part/venv" --output "$part/venv.tar.gz" >&2
       mv -T "$part/venv.tar.gz" "$place"
     fi
     cp -- "$place" "$archive"`,
    [tool, userCache(`venv-${requirements.join("-")}.tar.gz`), archive, ...requirements],
    { env: pipEnvironment() },
  );
  return archive;
}

/**
 * Packs an environment by conda-pack, and gives the path of the archive. The environment is made by hand, as
 * conda would leave it: with a program and a file that hold its path.
 */
export async function packConda(directory: string): Promise<string> {
  const tool = await pythonTool("conda-pack==0.9.2");
  const prefix = `${directory}/conda environment`;
  const archive = `${directory}/conda.tar.gz`;
  await Deno.mkdir(`${prefix}/conda-meta`, { recursive: true });
  await Deno.mkdir(`${prefix}/bin`);
  await Deno.mkdir(`${prefix}/etc`);
  await Deno.writeTextFile(`${prefix}/conda-meta/history`, "");
  await Deno.writeTextFile(
    `${prefix}/conda-meta/tides-1.0-0.json`,
    JSON.stringify({
      name: "tides",
      version: "1.0",
      url: "file:///nonexistent/tides-1.0-0.conda",
      files: ["bin/which-one", "etc/place"],
      link: { source: "/nonexistent", type: 1 },
    }),
  );
  const program = `#!${prefix}/bin/python\nprint("tides")\n`;
  await Deno.writeTextFile(`${prefix}/bin/which-one`, program, { mode: 0o755 });
  await Deno.writeTextFile(`${prefix}/etc/place`, `${prefix}/etc\n`);
  await runScript(
    "conda-pack",
    `cp -L /usr/bin/python3 "$2/bin/python3" && ln -s python3 "$2/bin/python"
     "$1/bin/python" "$1/bin/conda-pack" --quiet --prefix "$2" --output "$3" >&2`,
    [tool, prefix, archive],
  );
  return archive;
}

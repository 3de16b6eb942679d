/**
 * Environments that a test packs.
 *
 * @module
 */

import { runScript } from "../../../scripts/testbed/mod.ts";

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
  const archive = `${directory}/venv.tar.gz`;
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME") ?? "/root"}/.cache`;
  const place = `${cache}/sluice/packed-venv-${requirements.join("-").replaceAll(/[^\w.-]/g, "-")}`;
  const own = Object.entries(Deno.env.toObject());
  await runScript(
    `pip install ${requirements.join(" ")}`,
    // Under its final name only when it is whole.
    `place=$1 archive=$2
     shift 2
     if [ ! -d "$place" ]; then
       part=$place.$$.part
       python3 -m venv "$part/tool"
       # Of the Python that the nodes have too.
       /usr/bin/python3 -m venv --without-pip "$part/venv"
       "$part/tool/bin/python" -m pip install --quiet --disable-pip-version-check venv-pack2==0.9.2 >&2
       "$part/tool/bin/python" -m pip --python "$part/venv/bin/python" install --quiet \\
         --disable-pip-version-check "$@" >&2
       "$part/tool/bin/venv-pack" --quiet --prefix "$part/venv" --output "$part/venv.tar.gz" >&2
       mv -T "$part" "$place"
     fi
     cp -- "$place/venv.tar.gz" "$archive"`,
    [place, archive, ...requirements],
    {
      env: Object.fromEntries(
        own.filter(([name]) => /^(PATH|HOME|PIP_|SSL_CERT_|REQUESTS_CA_)/.test(name)),
      ),
    },
  );
  return archive;
}

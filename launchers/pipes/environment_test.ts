import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { attemptId, jobIdSchema, messageTermsSchema } from "../../model/mod.ts";
import { messageFiles, messageLines, pipesContext } from "./mod.ts";

const jobId = jobIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057");
const messages = messageTermsSchema.parse({});
const encode = (text: string) => new TextEncoder().encode(text);

/** Runs the lines in a directory, and prints what the payload would find. */
async function environment(shell: string, directory: string): Promise<Record<string, string>> {
  const names = [
    "SLUICE_MESSAGES",
    "SLUICE_HELPERS",
    "DAGSTER_PIPES_CONTEXT",
    "DAGSTER_PIPES_MESSAGES",
    "PYTHONPATH",
  ];
  const script = [
    "sluice_dir=$PWD",
    "sluice_suffix=.7",
    ...messageLines({ messages }, "$sluice_dir"),
    ...names.map((name) => `printf '%s\\0' "$${name}"`),
  ].join("\n");
  const { code, stdout, stderr } = await new Deno.Command(shell, {
    args: ["-u", "-c", script],
    cwd: directory,
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", PYTHONPATH: "/mine" },
  }).output();
  assert.deepEqual([code, new TextDecoder().decode(stderr)], [0, ""]);
  const values = new TextDecoder().decode(stdout).split("\0");
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
}

const decoded = (parameter = ""): unknown =>
  JSON.parse(inflateSync(Buffer.from(parameter, "base64")).toString());

for (const shell of ["dash", "bash"]) {
  Deno.test(`a payload finds its parameters whatever its directory is called, by ${shell}`, async () => {
    const parent = await Deno.makeTempDir();
    try {
      for (const name of ["plain", `it's a "$(job)" \\ %s grüße 🌊`, "x".repeat(250)]) {
        const directory = join(parent, name);
        await Deno.mkdir(directory);
        const found = await environment(shell, directory);
        const file = `${directory}/messages.7`;
        assert.equal(found["SLUICE_MESSAGES"], file);
        assert.deepEqual(decoded(found["DAGSTER_PIPES_MESSAGES"]), { path: file });
        assert.deepEqual(decoded(found["DAGSTER_PIPES_CONTEXT"]), {
          path: `${directory}/pipes-context.json`,
        });
        assert.equal(found["PYTHONPATH"], `${directory}/helpers:/mine`);
        assert.equal(await Deno.readTextFile(file), "", "there is a file to append to");
      }
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  });

  Deno.test(`what a run before was killed in the middle of is a line of its own, by ${shell}`, async () => {
    const directory = await Deno.makeTempDir();
    try {
      const file = join(directory, "messages.7");
      for (const [before, after] of [["{torn", "{torn\n"], ["whole\n", "whole\n"], ["", ""]]) {
        await Deno.writeFile(file, encode(before ?? ""));
        await environment(shell, directory);
        assert.equal(await Deno.readTextFile(file), after);
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

Deno.test("who sends no messages has neither lines nor files for them", () => {
  assert.deepEqual(messageLines({}, "$sluice_dir"), []);
  assert.deepEqual(messageFiles(attemptId(jobId, 1), { name: "tides" }), []);
});

Deno.test("the context is the job's own where the spec says nothing, and counts attempts", () => {
  const context = (attempt: number, terms: unknown) =>
    JSON.parse(pipesContext(attemptId(jobId, attempt), "tides", messageTermsSchema.parse(terms)));
  assert.deepEqual(context(3, {}), {
    asset_keys: null,
    code_version_by_asset_key: null,
    provenance_by_asset_key: null,
    partition_key: null,
    partition_key_range: null,
    partition_time_window: null,
    run_id: jobId,
    job_name: "tides",
    retry_number: 2,
    extras: {},
  });
  const provenance = { codeVersion: "1", inputDataVersions: { raw: "2" }, isUserProvided: true };
  assert.deepEqual(
    context(1, {
      assetKeys: ["a", "b"],
      codeVersionByAssetKey: { b: "7" },
      provenanceByAssetKey: { a: provenance },
      partitionKey: "monday",
      runId: "r",
      jobName: null,
      retryNumber: 4,
      extras: { x: [1] },
    }),
    {
      asset_keys: ["a", "b"],
      code_version_by_asset_key: { a: null, b: "7" },
      provenance_by_asset_key: {
        a: { code_version: "1", input_data_versions: { raw: "2" }, is_user_provided: true },
        b: null,
      },
      partition_key: "monday",
      partition_key_range: { start: "monday", end: "monday" },
      partition_time_window: null,
      run_id: "r",
      job_name: null,
      retry_number: 4,
      extras: { x: [1] },
    },
  );
});

/**
 * Calls of functions as jobs call them, in a directory of this machine.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { attemptId, jobSpecSchema, newJobId, parseResultFile } from "../../model/mod.ts";
import type { FunctionPayload, JobSpecInput, Returned } from "../../model/mod.ts";
import { JOB_SCRIPT_FILE, jobScript, launch, scriptTerms } from "../mod.ts";

/** A payload as a test writes it. */
export type FunctionInput = Omit<
  Extract<JobSpecInput["payload"], { kind: "function" }>,
  "kind"
>;

/** What came of a call. */
export interface Called {
  readonly code: number;
  readonly returned: Returned | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The Deno that runs the tests, for functions in TypeScript. */
export const DENO: FunctionPayload["interpreter"] = [
  Deno.execPath(),
  "run",
  "--allow-all",
  "--quiet",
  "--no-config",
];

/** Python without what is installed beside it, which on some machines takes long to load. */
const QUICK_PYTHON: FunctionPayload["interpreter"] = ["python3", "-S"];

/** A directory for calls, removed at the end. */
export class CallPlace implements AsyncDisposable {
  #calls = 0;

  private constructor(
    /** The directory. */
    readonly directory: string,
  ) {}

  /** Makes the directory. */
  static async make(): Promise<CallPlace> {
    return new CallPlace(await Deno.makeTempDir({ prefix: "sluice-call-" }));
  }

  /** Writes a file for a function to be found in; gives its path. */
  async write(name: string, text: string): Promise<string> {
    const path = join(this.directory, name);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeTextFile(path, text);
    return path;
  }

  /** Runs the job of a call in a directory of its own. */
  async call(
    payload: FunctionInput,
    rest: Omit<JobSpecInput, "payload" | "cluster"> = {},
    env: Readonly<Record<string, string>> = {},
  ): Promise<Called> {
    const spec = jobSpecSchema.parse({
      cluster: "here",
      payload: {
        interpreter: payload.language === "typescript" ? DENO : QUICK_PYTHON,
        ...payload,
        kind: "function",
      },
      ...rest,
    });
    const plan = launch(spec, { kind: "host" });
    const script = jobScript(attemptId(newJobId(), 1), scriptTerms(spec, spec.name), plan);
    const files = [...plan.files, { name: JOB_SCRIPT_FILE, text: script, executable: true }];
    const directory = join(this.directory, `call ${this.#calls++}`);
    await Deno.mkdir(directory);
    for (const { name, text, executable } of files) {
      await Deno.writeTextFile(join(directory, name), text, { mode: executable ? 0o700 : 0o600 });
    }
    const { code } = await new Deno.Command("sh", {
      // Into files, as schedulers have it.
      args: ["-c", `exec ./${JOB_SCRIPT_FILE} spool >stdout 2>stderr`],
      cwd: directory,
      stdin: "null",
      env: { ...env },
    }).spawn().status;
    return {
      code,
      returned: await returnedIn(directory),
      stdout: await Deno.readTextFile(join(directory, "stdout")),
      stderr: await Deno.readTextFile(join(directory, "stderr")),
    };
  }

  /** Removes it with all that is in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}

async function returnedIn(directory: string): Promise<Returned | undefined> {
  const names = await Array.fromAsync(Deno.readDir(directory), ({ name }) => name);
  assert.deepEqual(names.filter((name) => /^\.?result./.test(name)), [], "nothing is half written");
  if (!names.includes("result")) return undefined;
  const content = await Deno.readTextFile(join(directory, "result"));
  const returned = parseResultFile(content);
  assert.ok(returned !== undefined, content);
  return returned;
}

import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { explainRejection, SbatchRejectedError, SchedulerBusyError } from "./sbatch_rejection.ts";
import { testdataText } from "./testing/captured.ts";

const refusals = z.record(z.string(), z.object({ exitCode: z.int(), stderr: z.string() })).parse(
  JSON.parse(testdataText("sbatch-refusals.json")),
);

Deno.test("what a real sbatch said has the code of its cause, and its own words", () => {
  const codes: Record<string, string> = {
    partition: "INVALID_PARTITION",
    constraint: "INVALID_CONSTRAINT",
    memory: "NODE_CONFIGURATION",
    memoryWord: "INVALID_OPTION",
    gpus: "NODE_CONFIGURATION",
    gres: "INVALID_GRES",
    time: "INVALID_TIME_LIMIT",
    timeMin: "INVALID_TIME_LIMIT",
    dependencyWord: "INVALID_DEPENDENCY",
    reservation: "INVALID_RESERVATION",
    nodelist: "INVALID_NODE_LIST",
    array: "INVALID_ARRAY",
    arrayTooLarge: "INVALID_ARRAY",
    begin: "INVALID_BEGIN",
    license: "INVALID_LICENSE",
    option: "INVALID_OPTION",
    missingValue: "INVALID_OPTION",
    exclusiveMemory: "INVALID_OPTION",
    crlf: "SCRIPT_REJECTED",
    shebang: "SCRIPT_REJECTED",
    empty: "SCRIPT_REJECTED",
    unmatchedQuote: "INVALID_OPTION",
    strayDirective: "INVALID_OPTION",
    optionDirective: "INVALID_OPTION",
    noScript: "SCRIPT_REJECTED",
    uid: "ACCESS_DENIED",
    priority: "INVALID_OPTION",
  };
  const refused = Object.entries(refusals).filter(([, { exitCode }]) => exitCode !== 0);
  deepEqual(refused.map(([name]) => name), Object.keys(codes));
  for (const [name, { exitCode, stderr }] of refused) {
    const error = explainRejection(stderr, exitCode);
    ok(error instanceof SbatchRejectedError, name);
    equal(error.code, codes[name], name);
    equal(error.retryable, false);
    ok(error.next.length > 0);
    const lastWords = stderr.trimEnd().split("\n").filter((line) => !line.startsWith("Try "))
      .at(-1)?.replace(/^sbatch: (?:\w+: )?/, "");
    ok(lastWords !== undefined && error.message.includes(lastWords), name);
  }
});

Deno.test("what could not be provoked on the test cluster has its code too", () => {
  const failed = (words: string) => `sbatch: error: Batch job submission failed: ${words}\n`;
  const codes: readonly (readonly [string, string])[] = [
    [failed("Invalid account or account/partition combination specified"), "INVALID_ACCOUNT"],
    [failed("Invalid qos specification"), "INVALID_QOS"],
    [failed("User's group not permitted to use this partition"), "INVALID_PARTITION"],
    [failed("Access/permission denied"), "ACCESS_DENIED"],
    [
      failed("Requested time limit is invalid (missing or exceeds some limit)"),
      "INVALID_TIME_LIMIT",
    ],
    [failed("Access denied to requested reservation"), "INVALID_RESERVATION"],
    [failed("Unspecified error"), "SBATCH_REJECTED"],
    ["sh: 1: sbatch: not found\n", "SLURM_NOT_FOUND"],
  ];
  for (const [words, code] of codes) equal(explainRejection(words, 1).code, code, words);
  equal(explainRejection("", 127).code, "SLURM_NOT_FOUND");
  equal(explainRejection("", 1).code, "SBATCH_REJECTED");
});

Deno.test("a limit on submissions passes, other limits do not", () => {
  const policy = "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy " +
    "(job submit limit, user's size and/or time limits)\n";
  const submit = explainRejection(`sbatch: error: QOSMaxSubmitJobPerUserLimit\n${policy}`, 1);
  deepEqual([submit.code, submit.retryable], ["SUBMIT_LIMIT", true]);
  const size = explainRejection(`sbatch: error: QOSMaxCpuPerUserLimit\n${policy}`, 1);
  deepEqual([size.code, size.retryable], ["ACCOUNTING_POLICY", false]);
});

Deno.test("trouble that passes is told from a refusal, and whether the job may have got through", () => {
  const failed = (words: string) => `sbatch: error: Batch job submission failed: ${words}\n`;
  const cases: readonly (readonly [string, boolean])[] = [
    [failed("Unable to contact slurm controller (connect failure)"), false],
    [failed("Unable to contact slurm controller (receive failure)"), true],
    [failed("Socket timed out on send/recv operation"), true],
    [failed("Zero Bytes were transmitted or received"), true],
    [failed("Slurm backup controller in standby mode"), false],
    [failed("Resource temporarily unavailable"), false],
    [failed("Invalid authentication credential"), false],
    [
      'sbatch: error: Munge encode failed: Failed to connect to "/run/munge/munge.socket.2": ' +
      "Connection refused\n" + failed("Protocol authentication error"),
      false,
    ],
    [
      "sbatch: error: If munged is up, restart with --num-threads=10\nsbatch: error: Munge encode " +
      "failed: Failed to access\n" + failed("Unspecified error"),
      false,
    ],
    ["sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\n", false],
    ["sbatch: fatal: Could not establish a configuration source\n", false],
  ];
  for (const [words, maybeSubmitted] of cases) {
    const error = explainRejection(words, 1);
    ok(error instanceof SchedulerBusyError, words);
    deepEqual([error.code, error.retryable, error.maybeSubmitted], [
      "SCHEDULER_UNAVAILABLE",
      true,
      maybeSubmitted,
    ]);
  }
});

Deno.test("words that the user wrote do not decide", () => {
  const error = explainRejection(
    "sbatch: error: invalid partition specified: connection-refused-reservation\n" +
      "sbatch: error: Batch job submission failed: Invalid partition name specified\n",
    1,
  );
  equal(error.code, "INVALID_PARTITION");
  equal(
    explainRejection("sbatch: unrecognized option '--reservation-dependency'\n", 255).code,
    "INVALID_OPTION",
  );
});

Deno.test("any bytes and exit code give one of the two errors", () => {
  fc.assert(fc.property(fc.uint8Array(), fc.nat({ max: 255 }), (bytes, exitCode) => {
    const error = explainRejection(bytes, exitCode);
    ok(error instanceof SbatchRejectedError || error instanceof SchedulerBusyError);
    ok(error.message.length < 3000);
  }));
});

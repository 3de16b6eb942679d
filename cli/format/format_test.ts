import assert from "node:assert/strict";
import type { ClusterView, JobEvent, JobFact, JobView, SessionView } from "../../model/mod.ts";
import {
  clusterViewSchema,
  jobEventSchema,
  jobViewSchema,
  sessionViewSchema,
} from "../../model/mod.ts";
import { clusterDetails, clusterTable, probeDetails } from "./cluster.ts";
import { errorText } from "./error.ts";
import { eventLine } from "./event.ts";
import { endText, jobDetails, jobTable, phaseText, progressText } from "./job.ts";
import { metricsDetails } from "./metrics.ts";
import { sessionDetails, sessionTable } from "./session.ts";
import { fields, table } from "./table.ts";
import { spanText, timeText } from "./time.ts";

const start = Date.UTC(2026, 10, 20, 19, 0, 0);

function job(changes: Partial<JobView> = {}): JobView {
  return {
    ...jobViewSchema.parse({
      id: "01a1fa7c-ca80-7414-a127-c5a28e7b2303",
      cluster: "dev",
      name: "train",
      labels: {},
      phase: "running",
      nodes: ["n1"],
      restarts: 0,
      cancelRequested: false,
      directory: "~/.sluice/jobs/1",
      attempt: 1,
      attempts: [],
      tries: 1,
      acceptedAt: start,
      updatedAt: start,
      events: 4,
      schedulerId: "12",
      startedAt: start + 5_000,
    }),
    ...changes,
  };
}

Deno.test("spans have at most two units", () => {
  const second = 1_000;
  assert.equal(spanText(-5), "0s");
  assert.equal(spanText(9 * second), "9s");
  assert.equal(spanText(185 * second), "3m05s");
  assert.equal(spanText(7_800 * second), "2h10m");
  assert.equal(spanText(356_400 * second), "4d03h");
  assert.equal(timeText(start), "2026-11-20 19:00:00Z");
});

Deno.test("a table of jobs is aligned", () => {
  const jobs = [
    job(),
    job({ phase: "failed", exitCode: 3, endedAt: start + 65_000, nodes: ["n1", "n2", "n3", "n4"] }),
    job({ phase: "queued", nodes: [], reason: { code: "Resources", text: "waits" } }),
  ];
  assert.equal(
    jobTable(jobs, start + 3_605_000),
    `\
ID                                    CLUSTER  SCHED ID  NAME   PHASE                   NODES      TIME
01a1fa7c-ca80-7414-a127-c5a28e7b2303  dev      12        train  running                 n1        1h00m
01a1fa7c-ca80-7414-a127-c5a28e7b2303  dev      12        train  failed (exit status 3)  n1,n2 +2  1m00s
01a1fa7c-ca80-7414-a127-c5a28e7b2303  dev      12        train  queued (Resources)                1h00m
`,
  );
});

Deno.test("a table gives way to a narrow terminal, the id last", () => {
  const text = jobTable([job({ name: "a rather long name of a job" })], start, 80);
  for (const line of text.trimEnd().split("\n")) assert.ok(line.length <= 80, line);
  assert.match(text, /01a1fa7c-ca80-7414-a127-c5a28e7b2303/);
  assert.match(text, / a ra… /);
});

Deno.test("a hostile cell cannot break a table", () => {
  const text = table([{ name: "a\nb\x1b[31m" }], [{ title: "NAME", cell: ({ name }) => name }]);
  assert.equal(text, "NAME\na\\x0ab\\x1b[31m\n");
});

Deno.test("the phase is told with what is known of its cause", () => {
  assert.equal(phaseText(job()), "running");
  assert.equal(phaseText(job({ unknownSince: start })), "running, now unknown");
  assert.equal(phaseText(job({ phase: "failed", signal: 9 })), "failed (signal 9)");
  assert.equal(
    phaseText(job({ phase: "failed", reason: { code: "OUT_OF_MEMORY", text: "" } })),
    "failed (OUT_OF_MEMORY)",
  );
  assert.equal(phaseText(job({ phase: "timed_out" })), "timed out");
  assert.equal(
    phaseText(job({ phase: "cancelled", reason: { code: "Cancelled", text: "" } })),
    "cancelled",
  );
});

Deno.test("everything that is known of a job is shown, and nothing that is not", () => {
  assert.equal(
    jobDetails(job({
      labels: { team: "blue" },
      reason: { code: "Priority", text: "others come first" },
      tasks: [{ task: 3, phase: "running", nodes: ["n2"], restarts: 0, state: "RUNNING" }],
    })),
    `\
id            01a1fa7c-ca80-7414-a127-c5a28e7b2303
name          train
cluster       dev
scheduler id  12
phase         running
reason        Priority: others come first
nodes         n1
labels        team=blue
directory     ~/.sluice/jobs/1
accepted      2026-11-20 19:00:00Z
started       2026-11-20 19:00:05Z

TASK  SCHED ID  PHASE    STATE    NODES
   3  -         running  RUNNING  n2
`,
  );
  assert.equal(fields([]), "");
});

Deno.test("the end of a job is one line", () => {
  assert.equal(
    endText(job({ phase: "failed", exitCode: 3, endedAt: start + 17_000 })),
    "job 01a1fa7c-ca80-7414-a127-c5a28e7b2303 failed (exit status 3) after 12s",
  );
  const refused = { code: "StepRefused", text: "The session cannot run the step." };
  assert.equal(
    endText(job({ phase: "failed", reason: refused, startedAt: undefined })),
    `job ${job({}).id} failed (StepRefused): The session cannot run the step.`,
  );
  const { startedAt: _, ...never } = job({ phase: "failed" });
  const error = { code: "SBATCH_REJECTED", message: "no such account", next: "", retryable: false };
  assert.equal(
    endText({ ...never, error }),
    "job 01a1fa7c-ca80-7414-a127-c5a28e7b2303 failed: no such account",
  );
});

Deno.test("progress tells why a job waits and where it runs", () => {
  assert.equal(
    progressText({
      phase: "queued",
      nodes: [],
      acceptedAt: start,
      reason: { code: "Resources", text: "the nodes are taken" },
    }, start + 62_000),
    "queued (Resources: the nodes are taken)  1m02s",
  );
  assert.equal(
    progressText({
      phase: "running",
      nodes: ["n1"],
      acceptedAt: start,
      startedAt: start + 60_000,
      unknown: "no answer",
    }, start + 62_000),
    "running on n1, now unknown: no answer  2s",
  );
});

Deno.test("each kind of event is one line in words", () => {
  const event = (fact: JobFact): JobEvent =>
    jobEventSchema.parse({
      id: 17,
      at: start,
      index: 1,
      cluster: "dev",
      jobId: "01a1fa7c-ca80-7414-a127-c5a28e7b2303",
      fact,
    });
  const words = (fact: JobFact) => eventLine(event(fact)).slice(68).trimEnd();
  assert.equal(
    eventLine(event({ type: "known" })),
    "    17  2026-11-20 19:00:00Z  01a1fa7c-ca80-7414-a127-c5a28e7b2303  known again\n",
  );
  assert.equal(words({ type: "submitting", tries: 2 }), "submitting, try 2");
  assert.equal(
    words({
      type: "queued",
      task: 4,
      state: "PENDING",
      nodes: [],
      restarts: 0,
      reason: { code: "Priority", text: "others\ncome first" },
    }),
    "task 4: queued (Priority: others\\x0acome first)",
  );
  assert.equal(
    words({ type: "running", state: "RUNNING", nodes: ["n1", "n2"], restarts: 0 }),
    "running on n1,n2",
  );
  assert.equal(words({ type: "exited", exitCode: 3, exitedAt: start }), "exited with status 3");
  assert.equal(words({ type: "cancel_requested" }), "cancel requested");
  assert.equal(
    words({ type: "ended", phase: "failed", exitCode: 3, nodes: [] }),
    "failed (exit status 3)",
  );
  assert.equal(
    words({ type: "unknown", since: start, reason: { code: "LINK_LOST", text: "no line" } }),
    "unknown since 2026-11-20 19:00:00Z (LINK_LOST: no line)",
  );
});

Deno.test("clusters are shown with their link, and what to do about a bad one", () => {
  const error = {
    code: "HOST_KEY_CHANGED",
    message: "The key is another.",
    next: "Ask the admins.",
    retryable: false,
  };
  const cluster = (link: ClusterView["link"]): ClusterView => ({
    ...clusterViewSchema.parse({
      name: "dev",
      type: "slurm",
      host: "me@login:22",
      link: { status: "up", since: start },
      submissions: { status: "open", waiting: 2 },
      isolatedJobs: [],
      liveJobs: 7,
    }),
    link,
  });
  assert.equal(
    clusterTable([
      cluster({ status: "up", since: start }),
      cluster({ status: "refused", since: start, error }),
    ]),
    `\
NAME  TYPE   HOST         LINK                        SUBMISSIONS  LIVE JOBS
dev   slurm  me@login:22  up                          open                 7
dev   slurm  me@login:22  refused (HOST_KEY_CHANGED)  open                 7
`,
  );
  assert.equal(
    clusterDetails(cluster({ status: "refused", since: start, error }), start + 5_000),
    `\
name         dev
type         slurm
host         me@login:22
link         refused for 5s
error        HOST_KEY_CHANGED: The key is another.
next         Ask the admins.
submissions  open, 2 waiting
live jobs    7
`,
  );
  assert.match(
    clusterDetails({
      ...cluster({ status: "up", since: start }),
      submissions: { status: "paused", waiting: 3, since: start, retryAt: start + 60_000, error },
    }, start),
    /^submissions +paused, 3 waiting\npaused by +HOST_KEY_CHANGED: The key is another\.\nnext try +/m,
  );
});

Deno.test("a probe shows the partitions, the default one marked", () => {
  assert.equal(
    probeDetails({
      name: clusterViewSchema.shape.name.parse("dev"),
      scheduler: "slurm 22.05.8",
      roundTripMs: 1.25,
      minJobAgeSeconds: 60,
      accounting: true,
      partitions: [{ name: "debug", default: true, available: true, nodes: 4 }],
      freeBytes: 3 * 2 ** 29,
    }),
    `\
name             dev
scheduler        slurm 22.05.8
round trip       1.3 ms
accounting       yes
ended jobs stay  60 s
free space       1.5 GB

PARTITION  AVAILABLE  NODES  TIME LIMIT
debug*     yes            4  -
`,
  );
});

Deno.test("an error says what to do, its lines kept and its controls shown", () => {
  assert.equal(
    errorText({ code: "A_CODE", message: "one\ntwo\x1b", next: "do it", retryable: false }),
    "error A_CODE: one\ntwo\\x1b\nnext: do it\n",
  );
});

function session(changes: Partial<SessionView> = {}): SessionView {
  return {
    ...sessionViewSchema.parse({
      id: "01a1fa7c-ca80-7414-a127-c5a28e7b2303",
      cluster: "dev",
      name: "sluice-day",
      sessionName: "day",
      status: "open",
      phase: "running",
      nodes: ["n1", "n2"],
      failedNodes: [],
      steps: { waiting: 3, running: 2, ended: 7 },
      clusters: [],
      maxConcurrent: 8,
      openedAt: start,
      expiresAt: start + 3_605_000,
      labels: { team: "blue" },
    }),
    ...changes,
  };
}

Deno.test("a table of sessions shows what runs in them and how long they last", () => {
  const sessions = [
    session(),
    session({
      status: "closed",
      closeReason: "idle",
      sessionName: undefined,
      expiresAt: undefined,
    }),
    session({ status: "opening", nodes: [], reason: { code: "Resources", text: "waits" } }),
  ];
  assert.equal(
    sessionTable(sessions, start + 5_000),
    `\
ID                                    CLUSTER  NAME        STATUS               STEPS            NODES   LEFT
01a1fa7c-ca80-7414-a127-c5a28e7b2303  dev      day         open                 2/8 run, 3 wait      2  1h00m
01a1fa7c-ca80-7414-a127-c5a28e7b2303  dev      sluice-day  closed (idle)        2/8 run, 3 wait      2      -
01a1fa7c-ca80-7414-a127-c5a28e7b2303  dev      day         opening (Resources)  2/8 run, 3 wait      0  1h00m
`,
  );
});

Deno.test("a session in full names its failed nodes and the way to its clusters", () => {
  const text = sessionDetails(session({
    failedNodes: [{ node: "n2", state: "DOWN", since: start }],
    clusters: [{
      jobId: job().id,
      framework: "ray",
      nodes: 2,
      cpus: 16,
      gpus: 4,
      address: "n1:6379",
      dashboard: "n1:8265",
      tunnel: "ssh -N -L 8265:n1:8265 ada@login",
    }],
  }));
  assert.match(text, /^failed nodes +n2 \(DOWN\)$/m);
  assert.match(text, /^steps +2 run, 3 wait, 7 have ended$/m);
  assert.match(text, /2 nodes, 16 CPUs, 4 GPUs +n1:6379 +ssh -N -L 8265:n1:8265 ada@login$/m);
});

Deno.test("what a job has used is shown in units for people, with its steps below", () => {
  const shown = metricsDetails({
    source: "accounting",
    elapsedSeconds: 600,
    timeLimitSeconds: 86_400,
    cpus: 4,
    cpuSeconds: 1200,
    cpuEfficiency: 0.5,
    nodes: 1,
    nodeHours: 1 / 6,
    gpus: 2,
    gpuHours: 1 / 3,
    requestedMemoryBytes: 64 * 2 ** 30,
    peakMemoryBytes: 3 * 2 ** 30,
    memoryShare: 3 / 64,
    energyJoules: 90_000,
    steps: [
      { step: "batch", elapsedSeconds: 600, cpus: 4, cpuSeconds: 0.02, cpuEfficiency: 0.0000083 },
      { step: "0", cpuSeconds: 1200, peakMemoryBytes: 3 * 2 ** 30, diskReadBytes: 2048 },
    ],
    hints: ["Asked for 64 GB of memory, used 3 GB."],
  });
  assert.equal(
    shown,
    [
      "source      accounting",
      "time        10m00s of 1d00h",
      "CPUs        4",
      "CPU time    20m00s (50%)",
      "memory      3 GB of 64 GB, 4.69%",
      "nodes       1",
      "node hours  0.167",
      "GPUs        2",
      "GPU hours   0.333",
      "energy      90 kJ",
      "hint        Asked for 64 GB of memory, used 3 GB.",
      "",
      "STEP     TIME  CPUS  CPU TIME  BUSY  MEMORY  SHARE  READ  WRITTEN",
      "batch  10m00s     4     0.02s    0%       -      -     -        -",
      "0           -     -    20m00s     -    3 GB      -  2 KB        -",
      "",
    ].join("\n"),
  );
  assert.equal(metricsDetails({ source: "none", hints: [] }), "source  none: nothing is known\n");
});

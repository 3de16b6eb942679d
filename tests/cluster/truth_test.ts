/**
 * Jobs of all kinds are judged right where nobody can be asked any more: accounting is absent, down,
 * hangs or lags, Slurm has forgotten the jobs, or slurmctld is killed while they start and end.
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../actors/mod.ts";
import { isFinal } from "../../model/mod.ts";
import type { JobId, JobPhase, JobView } from "../../model/mod.ts";
import {
  freezeDaemon,
  onCluster,
  saveController,
  setMinJobAge,
  startDaemon,
  stopDaemon,
  withoutAccounting,
} from "../../scripts/testbed/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import { CUTS_WITHIN_PACKETS } from "./support/cuts.ts";
import { endIn } from "./support/end_in.ts";
import { untilThere } from "./support/gate.ts";
import { knownThroughProxy } from "./support/known_hosts.ts";
import { pause, until } from "./support/until.ts";
import { DEV, jobSpec, shellJob, Workspace } from "./support/workspace.ts";
import type { JobInput } from "./support/workspace.ts";

/** Slurm forgets a job this many seconds after its end, and a little more. */
const MIN_JOB_AGE_SECONDS = 2;

const small = { memory: 50, cpusPerTask: 1 } as const;

/** How a job or a task must end. */
interface Ending {
  readonly phase: JobPhase;
  readonly state: string;
  readonly exitCode?: number;
  readonly signal?: number;
}

/** A kind of job: what it does, what is done to it, and how it ends. */
interface Kind {
  readonly name: string;
  readonly input: (gate: string) => JobInput;
  readonly ending: Ending;
  /** What is done to it once all jobs run, with Slurm's id of it. */
  readonly doTo?: (id: string) => Promise<void>;
  /** It leaves no trace, so that only the queue or accounting knows how it ended. */
  readonly traceless?: boolean;
  readonly waits?: boolean;
  /** It says so in a file once it has trapped its signals, see {@linkcode LISTENS}. */
  readonly listens?: boolean;
  /** How each task of an array must end. */
  readonly tasks?: readonly Ending[];
}

async function asRoot(command: readonly string[]): Promise<void> {
  const { code, stderr } = await onCluster(command, { root: true });
  assert.equal(code, 0, stderr);
}

const scancel = (id: string) => asRoot(["scancel", id]);

/** A job that goes on with the script once the gate is open. */
function gated(script: string, more: Omit<JobInput, "payload"> = {}) {
  return (gate: string) =>
    shellJob(`${untilThere(gate)}\n${script}`, {
      resources: small,
      ...more,
    });
}

const sleeps = () => shellJob("exec sleep 600", { resources: small });

/** The line by which a job tells that it has trapped its signals. */
const LISTENS = ": >listening";

/** A job that goes on until a signal ends it, if that can. */
const trapping = (trap: string, resources: JobInput["resources"] = small) =>
  shellJob(`${trap}\n${LISTENS}\nwhile :; do sleep 0.1; done`, { resources });

const cancelled = { phase: "cancelled", state: "CANCELLED" } as const;
const timedOut = { phase: "timed_out", state: "TIMEOUT" } as const;
const succeeded = { phase: "succeeded", state: "COMPLETED", exitCode: 0 } as const;
const killed = { phase: "failed", state: "FAILED", exitCode: 137, signal: 9 } as const;

function failed(exitCode: number): Ending {
  return { phase: "failed", state: "FAILED", exitCode };
}

const endSoon = (id: string) => endIn(10, id);

async function requeue(id: string): Promise<void> {
  await asRoot(["scontrol", "requeue", id]);
}

const kinds: readonly Kind[] = [
  { name: "success", input: gated("echo done"), ending: succeeded },
  { name: "exit 3", input: gated("exit 3"), ending: failed(3) },
  { name: "killed by a signal", input: gated("kill -9 $$"), ending: killed },
  {
    name: "told by a signal to end",
    input: () => trapping("trap 'exit 5' TERM"),
    listens: true,
    doTo: (id) => asRoot(["scancel", "--signal=TERM", "--full", id]),
    ending: failed(5),
  },
  { name: "cancelled", input: sleeps, doTo: scancel, ending: cancelled },
  {
    name: "cancelled, and says it succeeded",
    input: () => trapping("trap 'exit 0' TERM"),
    listens: true,
    doTo: scancel,
    ending: cancelled,
  },
  {
    name: "cancelled, deaf to SIGTERM",
    input: () => trapping("trap '' TERM"),
    listens: true,
    doTo: scancel,
    ending: cancelled,
  },
  {
    name: "cancelled while it waited",
    input: () => shellJob("true", { resources: { ...small, begin: "now+1hour" } }),
    doTo: scancel,
    ending: cancelled,
    waits: true,
    traceless: true,
  },
  {
    name: "put back, and run again",
    input: () =>
      shellJob('[ "${SLURM_RESTART_COUNT:-0}" -gt 0 ] || exec sleep 600\nexit 4', {
        resources: small,
        options: { requeue: true },
      }),
    doTo: requeue,
    ending: failed(4),
  },
  {
    name: "put back, and cancelled while it waited",
    input: () => shellJob("exec sleep 600", { resources: small, options: { requeue: true } }),
    doTo: async (id) => {
      await requeue(id);
      await until("it waits", async () => {
        const { stdout } = await onCluster(["squeue", "-h", "-j", id, "-o", "%T"]);
        return stdout.trim() === "PENDING";
      }, 100);
      await scancel(id);
    },
    ending: cancelled,
    traceless: true,
  },
  {
    name: "array",
    input: gated(
      "case $SLURM_ARRAY_TASK_ID in 0) exit 0;; 1) exit 1;; 2) kill -9 $$;; esac\nsleep 600",
      { resources: { ...small, array: "0-3" } },
    ),
    doTo: (id) => scancel(`${id}_3`),
    ending: { phase: "cancelled", state: "CANCELLED" },
    tasks: [succeeded, failed(1), killed, cancelled],
  },
];

const outOfTime: readonly Kind[] = [
  {
    name: "out of time",
    input: () => shellJob("exec sleep 600", { resources: { ...small, time: 10 } }),
    doTo: endSoon,
    ending: timedOut,
  },
  {
    name: "out of time, and says it succeeded",
    input: () => trapping("trap 'exit 0' TERM", { ...small, time: 10 }),
    listens: true,
    doTo: endSoon,
    ending: timedOut,
  },
  {
    name: "out of time, deaf to SIGTERM",
    input: () => trapping("trap '' TERM", { ...small, time: 10 }),
    listens: true,
    doTo: endSoon,
    ending: timedOut,
  },
];

function assertEnding(view: JobView, kind: Kind): void {
  const what = `${kind.name}: ${JSON.stringify(view)}`;
  const parts = kind.tasks === undefined
    ? [[view, kind.ending] as const]
    : kind.tasks.map((ending, task) => [view.tasks?.[task] ?? assert.fail(), ending] as const);
  for (const [{ phase, state, exitCode, signal }, ending] of parts) {
    assert.equal(phase, ending.phase, what);
    assert.equal(state, ending.state, what);
    // That of a job which Slurm ended says nothing.
    if (ending.exitCode === undefined) continue;
    assert.equal(exitCode, ending.exitCode, what);
    assert.equal(signal, ending.signal, what);
  }
  assert.equal(view.unknownSince, undefined, what);
}

/** A workspace with one job of each kind, and Sluice, whose connection can be cut. */
class Scene implements AsyncDisposable {
  readonly #workspace: Workspace;
  readonly #proxy: ReturnType<typeof startProxy>;
  readonly sluice: Sluice;
  readonly #jobs = new Map<Kind, JobId>();

  private constructor(
    workspace: Workspace,
    proxy: ReturnType<typeof startProxy>,
    sluice: Sluice,
  ) {
    this.#workspace = workspace;
    this.#proxy = proxy;
    this.sluice = sluice;
  }

  static async open(): Promise<Scene> {
    const workspace = await Workspace.make();
    const { host, port } = workspace.facts;
    const proxy = startProxy({ target: { host, port } });
    const through = await knownThroughProxy(workspace, proxy);
    const sluice = await workspace.open({ ...through, poll: { minSeconds: 1, maxSeconds: 1 } });
    return new Scene(workspace, proxy, sluice);
  }

  /** Submits one job of each kind, and waits until those run that will not wait, and those listen that will. */
  async begin(kinds: readonly Kind[]): Promise<void> {
    const gate = this.#workspace.file("go").path;
    const views = await this.sluice.jobs.submitMany(
      kinds.map(({ input }) => jobSpec(input(gate))),
    );
    for (const [index, kind] of kinds.entries()) {
      this.#jobs.set(kind, views[index]?.id ?? assert.fail());
    }
    await until("all jobs run", async () => {
      const all = await Promise.all([...this.#jobs].map(async ([kind, id]) => {
        const { phase, tasks } = await this.sluice.jobs.get(id);
        const parts = tasks?.map((task) => task.phase) ?? [phase];
        return parts.every((part) => part === (kind.waits === true ? "queued" : "running"));
      }));
      return all.every((runs) => runs);
    }, 200);
    const listening = kinds.filter(({ listens }) => listens === true).length;
    await until("all listen that will", async () => {
      const files = await this.#workspace.remoteFiles();
      return files.filter((path) => path.endsWith("/listening")).length === listening;
    }, 200);
  }

  /** Lets the jobs go on, and does to each what its kind says. */
  async end(): Promise<void> {
    await onCluster(["touch", this.#workspace.file("go").path]);
    await Promise.all([...this.#jobs].map(async ([{ doTo }, id]) => {
      const { schedulerId } = await this.sluice.jobs.get(id);
      await doTo?.(schedulerId ?? assert.fail());
    }));
  }

  /** Fails unless the jobs that ended by themselves are told, by their own records, how long they ran. */
  async timed(): Promise<void> {
    for (const [{ name, ending, tasks }, id] of this.#jobs) {
      if (ending.exitCode === undefined || tasks !== undefined) continue;
      const { source, elapsedSeconds, nodeHours } = await this.sluice.jobs.metrics(id);
      assert.equal(source, "record", name);
      assert.ok(elapsedSeconds !== undefined && nodeHours !== undefined, name);
    }
  }

  /** Waits until Slurm knows none of the jobs any more. */
  forgotten(): Promise<void> {
    return until(
      "Slurm has forgotten the jobs",
      async () => (await this.#workspace.slurmJobs()).length === 0,
      500,
    );
  }

  /** Waits until accounting has the ends of all jobs. */
  async accounted(): Promise<void> {
    const parts = [...this.#jobs.keys()].map(({ tasks }) => tasks?.length ?? 1);
    await this.#workspace.accountedJobs(parts.reduce((sum, count) => sum + count, 0));
  }

  cut(): void {
    this.#proxy.setAccepting(false);
    this.#proxy.cutAll();
  }

  async restore(): Promise<void> {
    this.#proxy.setAccepting(true);
    // Else it might try only a minute later.
    await this.sluice.clusters.resume(DEV);
  }

  /**
   * Waits for the ends of all jobs, and looks at each.
   *
   * @param traceless What is known of those that leave no trace: how they ended, nothing, or one of both.
   */
  async judged(traceless: "known" | "unknown" | "either"): Promise<void> {
    const { lastPollAt = 0 } = await this.sluice.clusters.get(DEV);
    const sure = ({ traceless: without }: Kind) => without !== true || traceless === "known";
    await Promise.all([...this.#jobs].map(async ([kind, id]) => {
      const seen: { view?: JobView } = {};
      await until(`a verdict on ${kind.name}`, async () => {
        const view = seen.view = await this.sluice.jobs.get(id);
        return isFinal(view.phase) || !sure(kind) && view.unknownSince !== undefined;
      }, 200);
      const view = seen.view ?? assert.fail();
      if (isFinal(view.phase)) assertEnding(view, kind);
    }));
    if (traceless !== "unknown") return;
    await until(
      "it was looked again and again",
      async () => ((await this.sluice.clusters.get(DEV)).lastPollAt ?? 0) > lastPollAt + 3_000,
      200,
    );
    for (const [kind, id] of this.#jobs) {
      const view = await this.sluice.jobs.get(id);
      if (sure(kind)) continue;
      assert.ok(!isFinal(view.phase) && view.unknownSince !== undefined, JSON.stringify(view));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#proxy.setAccepting(true);
    await this.sluice.close();
    await this.#workspace[Symbol.asyncDispose]();
    await this.#proxy.close();
  }
}

Deno.test(
  "without accounting, the ends of all jobs are told, also after Slurm forgot them while nobody could look",
  {
    ...CUTS_WITHIN_PACKETS,
  },
  async () => {
    await using _age = await setMinJobAge(MIN_JOB_AGE_SECONDS);
    await using _none = await withoutAccounting();
    await using connected = await Scene.open();
    await using away = await Scene.open();
    await Promise.all([connected, away].map((scene) => scene.begin([...outOfTime, ...kinds])));
    away.cut();
    await Promise.all([connected.end(), away.end()]);
    await Promise.all([connected.judged("either"), away.forgotten()]);
    await connected.timed();
    await away.restore();
    await away.judged("unknown");
  },
);

Deno.test(
  "while accounting hangs or is down, ends are told by the jobs' own traces, and the others when it is back",
  {
    ...CUTS_WITHIN_PACKETS,
  },
  async () => {
    await using _age = await setMinJobAge(MIN_JOB_AGE_SECONDS);
    await using askedWhileItHangs = await Scene.open();
    await using askedWhileDown = await Scene.open();
    const scenes = [askedWhileItHangs, askedWhileDown];
    const told = async (scene: Scene) => {
      await scene.restore();
      await scene.judged("unknown");
      const later = await scene.sluice.jobs.submit(
        jobSpec(shellJob("exit 6", { resources: small })),
      );
      await until(
        "the end of a job that accounting is not needed for",
        async () => (await scene.sluice.jobs.get(later.id)).exitCode === 6,
        200,
      );
    };
    {
      await using _hangs = await freezeDaemon("slurmdbd");
      await Promise.all(scenes.map((scene) => scene.begin(kinds)));
      for (const scene of scenes) scene.cut();
      await Promise.all(scenes.map((scene) => scene.end()));
      await Promise.all(scenes.map((scene) => scene.forgotten()));
      await told(askedWhileItHangs);
    }
    await Promise.all(scenes.map((scene) => scene.accounted()));
    {
      await using _back = { [Symbol.asyncDispose]: () => startDaemon("slurmdbd") };
      await stopDaemon("slurmdbd");
      await told(askedWhileDown);
    }
    await Promise.all(scenes.map((scene) => scene.judged("known")));
  },
);

Deno.test("slurmctld killed and started again while jobs start and end changes no verdict", {
  ...CUTS_WITHIN_PACKETS,
}, async () => {
  await using scene = await Scene.open();
  await using _running = { [Symbol.asyncDispose]: () => startDaemon("slurmctld") };
  await scene.begin(kinds.filter(({ doTo }) => doTo === undefined));
  await saveController();
  for (const round of [0, 1]) {
    await stopDaemon("slurmctld", { signal: "KILL" });
    if (round === 0) await scene.end();
    const late = scene.sluice.jobs.submit(
      jobSpec(shellJob(`exit ${10 + round}`, { resources: small })),
    );
    await pause(3_000);
    await startDaemon("slurmctld");
    const { id } = await late;
    await until(
      "the end of the job that was submitted meanwhile",
      async () => isFinal((await scene.sluice.jobs.get(id)).phase),
      200,
    );
    assert.equal((await scene.sluice.jobs.get(id)).exitCode, 10 + round);
    if (round === 0) await saveController();
  }
  await scene.judged("known");
});

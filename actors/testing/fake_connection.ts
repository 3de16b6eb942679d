/**
 * A connection to a cluster that exists in memory only, and does what a test tells it.
 *
 * @module
 */

import type { Environments, LocalArchive } from "../../environments/mod.ts";
import type {
  CommandResult,
  DiskSpace,
  FileInfo,
  Host,
  HostStream,
  RunOptions,
  StreamOptions,
} from "../../hosts/mod.ts";
import { arrayOf } from "../../model/mod.ts";
import type {
  ClusterProbe,
  JobId,
  JobMetrics,
  JobSpec,
  OutputEntry,
  Platform,
  SessionId,
} from "../../model/mod.ts";
import { jobPaths, remoteLayout } from "../../schedulers/mod.ts";
import type {
  Cancellation,
  GivenUp,
  JobPlanner,
  Observation,
  Scheduler,
  SessionSighting,
  Submission,
  SubmitOutcome,
  Submitted,
  Watched,
  WatchedSession,
} from "../../schedulers/mod.ts";
import type { ClusterFiles, PlacedInput } from "../../transfers/mod.ts";

/** A call that waits for the test to answer it. */
export interface Call<Argument, Result> {
  /** What was asked. */
  readonly argument: Argument;
  /** Answers it. */
  ok(result: Result): void;
  /** Fails it. */
  fail(error: unknown): void;
}

/** The calls of one method, which a test answers one by one or once for all. */
export class Calls<Argument, Result> {
  /** All calls so far. */
  readonly made: Call<Argument, Result>[] = [];
  /** Answers every call to come at once, where it is set. */
  answer: ((argument: Argument) => Result) | undefined;

  /** What the next call throws at once, as only a defect does; thrown one time. */
  defect: Error | undefined;

  /** Makes a call. */
  call(argument: Argument): Promise<Result> {
    const { defect } = this;
    this.defect = undefined;
    if (defect !== undefined) throw defect;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.made.push({ argument, ok: resolve, fail: reject });
    if (this.answer !== undefined) resolve(Promise.try(this.answer, argument));
    return promise;
  }

  /** The newest call. */
  get last(): Call<Argument, Result> {
    const call = this.made.at(-1);
    if (call === undefined) throw new Error("nothing has been called");
    return call;
  }
}

/** A scheduler whose every answer is the test's. */
export class FakeScheduler implements Scheduler {
  readonly submits = new Calls<readonly Submission[], readonly SubmitOutcome[]>();
  readonly observes = new Calls<readonly Watched[], readonly Observation[]>();
  readonly cancels = new Calls<readonly Cancellation[], void>();
  readonly giveUps = new Calls<readonly Watched[], readonly GivenUp[]>();
  readonly removes = new Calls<readonly JobId[], void>();
  readonly inspects = new Calls<readonly WatchedSession[], readonly SessionSighting[]>();
  readonly sessionCloses = new Calls<SessionId, void>();
  /** Who hears first what becomes of the newest submission. */
  onSubmitted: ((outcome: Submitted) => void) | undefined;

  submit(
    batch: readonly Submission[],
    _signal: AbortSignal,
    onSubmitted?: (outcome: Submitted) => void,
  ): Promise<readonly SubmitOutcome[]> {
    this.onSubmitted = onSubmitted;
    return this.submits.call(batch);
  }
  observe(watched: readonly Watched[]): Promise<readonly Observation[]> {
    return this.observes.call(watched);
  }
  cancel(cancellations: readonly Cancellation[]): Promise<void> {
    return this.cancels.call(cancellations);
  }
  giveUp(watched: readonly Watched[]): Promise<readonly GivenUp[]> {
    return this.giveUps.call(watched);
  }
  remove(jobs: readonly JobId[]): Promise<void> {
    return this.removes.call(jobs);
  }
  inspect(sessions: readonly WatchedSession[]): Promise<readonly SessionSighting[]> {
    return this.inspects.call(sessions);
  }
  closeSession(sessionId: SessionId): Promise<void> {
    return this.sessionCloses.call(sessionId);
  }
  probe(): Promise<Omit<ClusterProbe, "name">> {
    return Promise.resolve({
      scheduler: "fake",
      roundTripMs: 1,
      accounting: false,
      partitions: [],
      freeBytes: 0,
    });
  }
  metrics(): Promise<JobMetrics> {
    return Promise.resolve({ source: "none", hints: [] });
  }
  spoolCommand(): string {
    return "follow the spool";
  }
}

/** Environments whose every answer is the test's. */
export class FakeEnvironments implements Environments {
  readonly checks = new Calls<Platform | undefined, void>();
  readonly sends = new Calls<LocalArchive, void>();
  readonly unuseds = new Calls<number, readonly string[]>();
  readonly collects = new Calls<
    { readonly wanted: readonly string[]; readonly unwanted: readonly string[] },
    readonly string[]
  >();

  constructor() {
    this.checks.answer = () => {};
    this.unuseds.answer = () => [];
  }
  check(
    platform: Platform | undefined,
    _partition: string | undefined,
    _signal: AbortSignal,
  ): Promise<void> {
    return this.checks.call(platform);
  }
  send(archive: LocalArchive, _signal: AbortSignal): Promise<void> {
    return this.sends.call(archive);
  }
  unused(unusedMs: number): Promise<readonly string[]> {
    return this.unuseds.call(unusedMs);
  }
  collect(
    wanted: readonly string[],
    unwanted: readonly string[],
  ): Promise<readonly string[]> {
    return this.collects.call({ wanted, unwanted });
  }
}

/** Files on a cluster whose every answer is the test's. */
export class FakeFiles implements ClusterFiles {
  readonly places = new Calls<readonly PlacedInput[], void>();
  readonly expires = new Calls<number, number>();
  readonly archives = new Calls<
    { readonly path: string; readonly offset: number },
    ReadableStream<Uint8Array>
  >();
  readonly opens = new Calls<
    { readonly path: string; readonly offset: number },
    ReadableStream<Uint8Array>
  >();

  constructor() {
    this.expires.answer = () => 0;
  }
  place(inputs: readonly PlacedInput[]): Promise<void> {
    return this.places.call(inputs);
  }
  expire(unusedMs: number): Promise<number> {
    return this.expires.call(unusedMs);
  }
  open(path: string, offset: number): Promise<ReadableStream<Uint8Array>> {
    return this.opens.call({ path, offset });
  }
  archive(path: string, offset: number): Promise<ReadableStream<Uint8Array>> {
    return this.archives.call({ path, offset });
  }
  list(): Promise<readonly OutputEntry[]> {
    throw new Error("no test lists directories");
  }
}

/** A stream into which a test writes. */
export class FakeStream implements HostStream {
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  readonly stdin = new WritableStream<Uint8Array>();
  readonly exit: Promise<number>;
  closed = false;
  readonly #out: ReadableStreamDefaultController<Uint8Array>;
  readonly #err: ReadableStreamDefaultController<Uint8Array>;
  readonly #exit = Promise.withResolvers<number>();

  constructor() {
    const [stdout, out] = controlled();
    const [stderr, err] = controlled();
    this.stdout = stdout;
    this.stderr = stderr;
    this.#out = out;
    this.#err = err;
    this.exit = this.#exit.promise;
  }

  /** Writes to standard output. */
  write(bytes: Uint8Array): void {
    this.#out.enqueue(bytes);
  }

  /** Ends as a command does that exits. */
  end(): void {
    this.#out.close();
    this.#err.close();
    this.#exit.resolve(0);
  }

  /** Ends as the line does that is cut. */
  cut(error: Error): void {
    this.#out.error(error);
    this.#err.error(error);
    this.#exit.resolve(1);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function controlled(): [
  ReadableStream<Uint8Array>,
  ReadableStreamDefaultController<Uint8Array>,
] {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
  });
  if (controller === undefined) throw new Error("a stream starts within its constructor");
  return [stream, controller];
}

/** A host whose every answer is the test's. */
export class FakeHost implements Host {
  readonly label = "fake";
  readonly closed: Promise<Error | undefined>;
  readonly openChannels = 0;
  readonly runs = new Calls<string, CommandResult>();
  readonly streams: FakeStream[] = [];
  readonly #closed = Promise.withResolvers<Error | undefined>();

  constructor() {
    this.closed = this.#closed.promise;
  }

  get commandsSent(): number {
    return this.runs.made.length;
  }

  /** Ends the connection as a cut line does. */
  cut(error: Error): void {
    this.#closed.resolve(error);
    for (const stream of this.streams) if (!stream.closed) stream.cut(error);
  }

  run(command: string, _options?: RunOptions): Promise<CommandResult> {
    return this.runs.call(command);
  }
  stream(_command: string, _options?: StreamOptions): Promise<HostStream> {
    const stream = new FakeStream();
    this.streams.push(stream);
    return Promise.resolve(stream);
  }
  put(): Promise<void> {
    return unused("put");
  }
  get(): Promise<ReadableStream<Uint8Array>> {
    return unused("get");
  }
  putFiles(): Promise<void> {
    return unused("putFiles");
  }
  getArchive(): Promise<ReadableStream<Uint8Array>> {
    return unused("getArchive");
  }
  stat(): Promise<FileInfo | undefined> {
    return Promise.resolve(undefined);
  }
  list(): Promise<readonly FileInfo[]> {
    return unused("list");
  }
  makeDirectory(): Promise<void> {
    return unused("makeDirectory");
  }
  remove(): Promise<void> {
    return unused("remove");
  }
  freeSpace(): Promise<DiskSpace> {
    return unused("freeSpace");
  }
  close(): Promise<void> {
    this.#closed.resolve(undefined);
    return Promise.resolve();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function unused(method: string): Promise<never> {
  return Promise.reject(new Error(`the actors do not call ${method}`));
}

/** Plans nothing but where files lie. */
export const fakePlanner: JobPlanner = {
  tasks: (spec: JobSpec) => arrayOf(spec) === undefined ? undefined : [0, 1],
  preview: () => ({ commandLine: "", script: "", payload: undefined, directory: "" }),
  paths: (jobId: JobId, task?: number) => jobPaths(remoteLayout("/root", "server"), jobId, task),
};

/** A connection of fakes. */
export class FakeConnection {
  readonly host = new FakeHost();
  readonly scheduler = new FakeScheduler();
  readonly planner = fakePlanner;
  readonly environments = new FakeEnvironments();
  readonly files = new FakeFiles();
}

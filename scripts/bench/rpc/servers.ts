import { Child } from "./child.ts";
import type { z } from "zod";
import { doneSchema, listeningSchema } from "./protocol.ts";
import type { serverQuestionSchema } from "./protocol.ts";

/** The servers of the benchmark, in a process of their own. */
export class RpcServers implements AsyncDisposable {
  readonly #child: Child;
  readonly #told: z.infer<typeof listeningSchema>;

  private constructor(child: Child, told: z.infer<typeof listeningSchema>) {
    this.#child = child;
    this.#told = told;
  }

  /** Starts them. @param journal Where the journal is made. */
  static async start(journal: string): Promise<RpcServers> {
    await using stack = new AsyncDisposableStack();
    const child = stack.use(new Child("server.ts", journal));
    const told = listeningSchema.parse(await child.heard());
    stack.move();
    return new RpcServers(child, told);
  }

  /** URL of ours. */
  get ours(): string {
    return this.#told.ours;
  }

  /** URL of the bare one. */
  get bare(): string {
    return this.#told.bare;
  }

  /** Token of ours. */
  get token(): string {
    return this.#told.token;
  }

  /** A job that ours knows. */
  get jobId(): string {
    return this.#told.jobId;
  }

  /** Has the servers do something. */
  async ask(question: z.infer<typeof serverQuestionSchema>): Promise<z.infer<typeof doneSchema>> {
    return doneSchema.parse(await this.#child.ask(question));
  }

  /** Stops them. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}

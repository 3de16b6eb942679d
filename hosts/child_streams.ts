/**
 * The streams of a child process, which can be ended though somebody holds them.
 *
 * @module
 */

/** Where the bytes of an output come from; any reader of a byte stream is one. */
export interface ByteReader {
  /** Gives the next bytes, or that there are no more. */
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  /** Ends it: what is not read is thrown away. */
  cancel(): Promise<void>;
}

/** A child's output that `close` can end, though a reader holds it. */
export class ChildOutput {
  /** The output, with backpressure. */
  readonly stream: ReadableStream<Uint8Array>;
  /** Settles when the output was read to its end or closed. */
  readonly ended: Promise<void>;
  readonly #reader: ByteReader;
  readonly #end = Promise.withResolvers<void>();

  /** Reads what the reader gives. @param atEnd Awaited at its end; what it rejects with is the stream's error. */
  constructor(reader: ByteReader, atEnd: () => Promise<unknown> = () => Promise.resolve()) {
    this.#reader = reader;
    this.ended = this.#end.promise;
    this.stream = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const { done, value } = await reader.read();
        if (!done && value !== undefined) return controller.enqueue(value);
        this.#end.resolve();
        await atEnd();
        controller.close();
      },
      cancel: () => this.close(),
    }, { highWaterMark: 0 });
  }

  /** Ends it. Safe to call twice. */
  async close(): Promise<void> {
    await this.#reader.cancel();
    this.#end.resolve();
  }
}

/** A child's input that `close` can end, though a writer holds it. */
export class ChildInput {
  /** The input, with backpressure. */
  readonly stream: WritableStream<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  /** Writes to the target. @param failed Gives what a failed write is told as. Default: the write's own error. */
  constructor(
    target: WritableStream<Uint8Array>,
    failed: (error: unknown) => Promise<unknown> = (error) => Promise.resolve(error),
  ) {
    const writer = target.getWriter();
    this.#writer = writer;
    this.stream = new WritableStream<Uint8Array>({
      write: (chunk) =>
        writer.write(chunk).catch(async (error: unknown) => {
          throw await failed(error);
        }),
      close: () => writer.close(),
      abort: () => this.close(),
    });
  }

  /** Ends it. Safe to call twice. */
  async close(): Promise<void> {
    // Rejects when the input is closed already, by its user or by the child's end.
    await this.#writer.abort().catch(() => {});
  }
}

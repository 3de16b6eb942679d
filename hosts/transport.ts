/**
 * What a way of reaching a machine must be able to do; everything else is built upon it.
 *
 * @module
 */

/** One command's three streams. */
export interface Channel {
  /** The command's standard input. Closing it ends the input. */
  readonly stdin: WritableStream<Uint8Array>;
  /** Standard output, with backpressure. Errors with a `LinkLostError` when the line is cut. */
  readonly stdout: ReadableStream<Uint8Array>;
  /** Standard error, with backpressure. Errors with a `LinkLostError` when the line is cut. */
  readonly stderr: ReadableStream<Uint8Array>;
  /**
   * The exit status, 128 plus the signal's number for a command ended by a signal. Rejects with a
   * `LinkLostError` when the line is cut, with a `HostClosedError` when the channel is closed first.
   */
  readonly exit: Promise<number>;
  /**
   * Frees the channel and its buffers. It need not end the command: over SSH a command notices only
   * when it next reads or writes. Safe to call twice.
   */
  close(): Promise<void>;
}

/** A live connection on which commands are started. */
export interface Transport {
  /** Who and where, for people: `user@host:port`, or `local`. */
  readonly label: string;
  /** Settles when the connection ends: with `undefined` after `close`, else with the error that ended it. */
  readonly closed: Promise<Error | undefined>;
  /**
   * Starts a command line, which the account's own login shell reads: it must be valid in every shell,
   * csh and fish as well. Rejects with a `ChannelRefusedError` when the machine takes no more channels.
   */
  open(command: string): Promise<Channel>;
  /** Ends every channel and the connection. Safe to call twice. */
  close(): Promise<void>;
}

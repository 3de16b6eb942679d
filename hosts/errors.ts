/**
 * What can go wrong on the way to a host and on it.
 *
 * The ways a file operation fails stand in `file_errors.ts`, those of keys and logins in `ssh/`.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";

/** Raised when an established connection ends without having been closed. */
export class LinkLostError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "LinkLostError";

  /** Names the host and, where it is known, what cut the line. */
  constructor(host: string, detail: string, cause?: unknown) {
    super({
      code: "LINK_LOST",
      message: `The connection to ${host} was lost: ${detail}.`,
      next:
        "Connect again. Whether a command that was under way took effect is unknown: ask before repeating it.",
      retryable: true,
      cause,
    });
  }
}

/** Raised when a host that was closed is asked for something, or is closed while it is being asked. */
export class HostClosedError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "HostClosedError";

  /** Names the host. */
  constructor(host: string) {
    super({
      code: "HOST_CLOSED",
      message: `The connection to ${host} is closed.`,
      next: "Open the host again.",
    });
  }
}

/** Raised when a host refuses one more channel on a connection. */
export class ChannelRefusedError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "ChannelRefusedError";

  /** Names the host and carries its refusal. */
  constructor(host: string, cause: unknown) {
    super({
      code: "CHANNEL_REFUSED",
      message: `${host} refused to open one more channel on the connection.`,
      next: "Try again. If it goes on, raise MaxSessions in the host's sshd_config to at least 7.",
      retryable: true,
      cause,
    });
  }
}

/** Raised when a command does not end in the time it was given. */
export class CommandTimeoutError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "CommandTimeoutError";
  /** Whether the command may have run, in whole or in part. If not, it never will. */
  readonly mayHaveRun: boolean;

  /** Names the host, the command and the milliseconds it was given. */
  constructor(host: string, command: string, timeoutMs: number, mayHaveRun: boolean) {
    super({
      code: "COMMAND_TIMEOUT",
      message: `A command on ${host} did not end within ${timeoutMs} ms${
        mayHaveRun ? "" : " and had not begun"
      }: ${abbreviate(command)}`,
      next: mayHaveRun
        ? "It was stopped; what it had done by then is unknown. See whether the host is slow, or allow more time."
        : "It was not run. See what the commands before it wait for, or allow more time.",
      retryable: true,
    });
    this.mayHaveRun = mayHaveRun;
  }
}

/** Raised when a command writes more than its caller is willing to hold in memory. */
export class OutputTooLargeError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "OutputTooLargeError";

  /** Names the host, the command and the limit in bytes. */
  constructor(host: string, command: string, maxOutputBytes: number) {
    super({
      code: "OUTPUT_TOO_LARGE",
      message: `A command on ${host} wrote more than ${maxOutputBytes} bytes and was stopped: ${
        abbreviate(command)
      }`,
      next: "Raise maxOutputBytes, or read the output with stream() or get().",
    });
  }
}

/** Raised when the remote shell does not start, or its prelude fails. */
export class ShellStartError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "ShellStartError";
  /** What the shell wrote on standard error. */
  readonly stderr: string;

  /** Names the host, what failed, and what the shell said. */
  constructor(host: string, detail: string, stderr: string, cause?: unknown) {
    const said = stderr.trim();
    super({
      code: "SHELL_START",
      message: `The shell on ${host} did not start: ${detail}.${said === "" ? "" : `\n${said}`}`,
      next:
        "Check shell.command, shell.login and shell.prelude of the cluster, and that the account's own start-up files end without an error.",
      cause,
    });
    this.stderr = stderr;
  }
}

/** Raised for a command under way when its remote shell ends while the connection lives. */
export class ShellLostError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "ShellLostError";

  /** Names the host and the command. */
  constructor(host: string, command: string) {
    super({
      code: "SHELL_LOST",
      message: `The shell on ${host} ended while it ran a command, whose outcome is unknown: ${
        abbreviate(command)
      }`,
      next: "Ask what became of the command before repeating it.",
      retryable: true,
    });
  }
}

const LONGEST_QUOTED_COMMAND = 200;

function abbreviate(command: string): string {
  const line = command.trim();
  return line.length <= LONGEST_QUOTED_COMMAND ? line : `${line.slice(0, LONGEST_QUOTED_COMMAND)}…`;
}

/**
 * What the RPC layer itself refuses.
 *
 * @module
 */

import { SluiceError } from "../model/mod.ts";

/** A call that is no call of this API, or not in a form that can be read. */
export class InvalidCallError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "InvalidCallError";

  /**
   * Makes the error.
   *
   * @param message What is wrong with it.
   */
  constructor(message: string, cause?: unknown) {
    super({
      code: "INVALID_CALL",
      message,
      next: "Compare the versions of client and server: system.version tells the server's.",
      cause,
    });
  }
}

/** There is no procedure of that name. */
export class ProcedureNotFoundError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "ProcedureNotFoundError";

  /**
   * Makes the error.
   *
   * @param path Name that was called.
   */
  constructor(path: string) {
    super({
      code: "PROCEDURE_NOT_FOUND",
      message: `There is no procedure named '${path}'.`,
      next: "Compare the versions of client and server: system.version tells the server's.",
    });
  }
}

/** A call without the right bearer token. */
export class UnauthorizedError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "UnauthorizedError";

  /** The message is the same for a missing and a wrong token. */
  constructor() {
    super({
      code: "UNAUTHORIZED",
      message: "The call does not carry the server's bearer token.",
      next:
        "Send the header `Authorization: Bearer TOKEN`; the server prints at its start where the token lies.",
    });
  }
}

/** A call under a host name that is not the server's, as DNS rebinding makes them. */
export class ForeignHostError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "ForeignHostError";

  /**
   * Makes the error.
   *
   * @param host The name that was used.
   */
  constructor(host: string) {
    super({
      code: "FOREIGN_HOST",
      message: `The server does not answer under the name '${host}'.`,
      next: "Use its address, or add the name to server.allowedHosts.",
    });
  }
}

/** A call by a web page of another origin. */
export class ForeignOriginError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "ForeignOriginError";

  /**
   * Makes the error.
   *
   * @param origin The page's origin.
   */
  constructor(origin: string) {
    super({
      code: "FOREIGN_ORIGIN",
      message: `Pages of the origin '${origin}' may not call this server.`,
      next: "Add the origin to server.allowedOrigins if you trust it.",
    });
  }
}

/** A request whose body is larger than the server takes. */
export class BodyTooLargeError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "BodyTooLargeError";

  /**
   * Makes the error.
   *
   * @param limit Largest body in bytes.
   */
  constructor(limit: number) {
    super({
      code: "BODY_TOO_LARGE",
      message: `The request's body is larger than ${limit} bytes.`,
      next: "Send fewer jobs in one call, or put large files on the cluster beforehand.",
    });
  }
}

/** The server is about to stop; jobs go on without it. */
export class ServerClosingError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "ServerClosingError";

  /** Retryable: feeds resume where they broke as soon as a server runs again. */
  constructor() {
    super({
      code: "SERVER_CLOSING",
      message: "The server is stopping.",
      next: "Call again when it runs; jobs go on, and feeds resume where they broke.",
      retryable: true,
    });
  }
}

/** The server was told to listen where others could reach it. */
export class RemoteBindError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "RemoteBindError";

  /**
   * Makes the error.
   *
   * @param hostname The address.
   */
  constructor(hostname: string) {
    super({
      code: "REMOTE_BIND_REFUSED",
      message: `${hostname} is not a loopback address, so other machines could reach the server.`,
      next: "Listen on 127.0.0.1 and tunnel, or set server.allowRemote: true and put TLS in front.",
    });
  }
}

/** The server's address cannot be had. */
export class ListenError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "ListenError";

  /**
   * Makes the error.
   *
   * @param address Host and port.
   * @param cause The system's error.
   */
  constructor(address: string, cause: unknown) {
    super({
      code: "LISTEN_FAILED",
      message: `The server cannot listen on ${address}: ${
        cause instanceof Error ? cause.message : String(cause)
      }`,
      next: "Stop the server that runs there, or choose another port (0 takes a free one).",
      cause,
    });
  }
}

/** The bearer token is too short to be a secret. */
export class WeakTokenError extends SluiceError {
  /** Name of the class. */
  override readonly name: string = "WeakTokenError";

  /**
   * Makes the error.
   *
   * @param least Fewest characters.
   */
  constructor(least: number) {
    super({
      code: "WEAK_TOKEN",
      message: `The bearer token must have at least ${least} characters.`,
      next: "Make one with: openssl rand -hex 32",
    });
  }
}

/**
 * One SSH login: a socket or a tunnel, the host's key, our credentials.
 *
 * @module
 */

import { connect } from "node:net";
import type { Duplex } from "node:stream";
// @ts-types="@types/ssh2"
import {
  type AuthenticationType,
  type AuthHandlerMiddleware,
  Client,
  type ClientErrorExtensions,
} from "ssh2";
import type { SluiceError } from "../../model/mod.ts";
import type { Credential, Credentials } from "./credentials.ts";
import type { HostKeyVerifier } from "./host_keys.ts";
import { AgentError, AuthenticationError, ConnectError, HandshakeError } from "./ssh_errors.ts";

/** Where and as whom to log in. */
export interface SshLogin {
  /** `user@host:port`, for people. */
  readonly label: string;
  /** Name or address. */
  readonly host: string;
  /** Port. */
  readonly port: number;
  /** The account's name. */
  readonly user: string;
  /** What to log in with. */
  readonly credentials: Credentials;
  /** Judge of the host's key. */
  readonly verifier: HostKeyVerifier;
  /** Milliseconds for the whole login. */
  readonly timeoutMs: number;
  /** Milliseconds between probes of a silent connection; three lost probes end it. */
  readonly keepaliveMs: number;
}

type LoginError = Error & ClientErrorExtensions;

/**
 * Logs in.
 *
 * @param hop The client of the jump host to go through. Default: straight.
 * @throws {ConnectError} The host is not reached in time.
 * @throws {HandshakeError} No common way of speaking SSH.
 * @throws {HostKeyUnknownError} And its kin: the host's key is not trusted.
 * @throws {AuthenticationError} The host refuses our credentials.
 */
export async function logIn(
  login: SshLogin,
  hop: Client | undefined,
  signal: AbortSignal | undefined,
): Promise<Client> {
  const { label, timeoutMs } = login;
  if (login.credentials.ways.length === 0) {
    throw new AuthenticationError(label, {
      tried: [],
      skipped: login.credentials.skipped,
      offered: [],
    });
  }
  const late = new ConnectError(label, `it did not answer within ${timeoutMs / 1000} s`);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(late), timeoutMs);
  const ended = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
  try {
    const socket =
      await (hop === undefined ? openSocket(login, ended) : openTunnel(login, hop, ended));
    return await speakSsh(login, socket, ended);
  } finally {
    clearTimeout(timer);
  }
}

function openSocket({ host, port, label }: SshLogin, ended: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    ended.throwIfAborted();
    // Without noDelay each request waits for the acknowledgement of the last: 90 ms instead of 3.
    const socket = connect({ host, port, noDelay: true });
    const stop = () => {
      socket.destroy();
      reject(ended.reason);
    };
    ended.addEventListener("abort", stop, { once: true });
    const fail = (error: Error) => {
      ended.removeEventListener("abort", stop);
      socket.destroy();
      reject(new ConnectError(label, networkWords(error), error));
    };
    socket.once("error", fail);
    socket.once("connect", () => {
      ended.removeEventListener("abort", stop);
      socket.removeListener("error", fail);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

function openTunnel(
  { host, port, label }: SshLogin,
  hop: Client,
  ended: AbortSignal,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(ended.reason);
    if (ended.aborted) return stop();
    ended.addEventListener("abort", stop, { once: true });
    const fail = (error: Error) => {
      ended.removeEventListener("abort", stop);
      const detail = `the jump host cannot reach it (${error.message})`;
      reject(new ConnectError(label, detail, error));
    };
    try {
      hop.forwardOut("127.0.0.1", 0, host, port, (error, stream) => {
        if (error) return fail(error);
        ended.removeEventListener("abort", stop);
        if (ended.aborted) stream.close();
        else resolve(stream);
      });
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

function networkWords(error: Error): string {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  switch (code) {
    case "ECONNREFUSED":
      return "the connection was refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the name cannot be resolved";
    case "ETIMEDOUT":
      return "it did not answer";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "there is no route to it";
    default:
      return error.message === "" ? code : error.message;
  }
}

function speakSsh(login: SshLogin, socket: Duplex, ended: AbortSignal): Promise<Client> {
  const { label, verifier } = login;
  const client = new Client();
  const attempts = new Attempts(login);
  let distrust: SluiceError | undefined;
  let trustedKey: Uint8Array | undefined;
  let handshaken = false;
  return new Promise((resolve, reject) => {
    const stop = () => {
      client.destroy();
      socket.destroy();
      reject(ended.reason);
    };
    if (ended.aborted) return stop();
    ended.addEventListener("abort", stop, { once: true });
    const fail = (error: SluiceError) => {
      ended.removeEventListener("abort", stop);
      client.destroy();
      socket.destroy();
      reject(error);
    };
    client.on("handshake", () => handshaken = true);
    client.on("error", (error: LoginError) => {
      // An agent that cannot sign with one key may do so with the next.
      if (error.level === "agent") attempts.agentFailed(error);
      else fail(distrust ?? explain(label, error, handshaken, attempts));
    });
    const closed = () => fail(new ConnectError(label, "it closed the connection"));
    client.on("close", closed);
    // The listener for errors stays: an error before the connection has its owner must find one, and
    // ends the client, which the owner learns from its close.
    client.once("ready", () => {
      ended.removeEventListener("abort", stop);
      client.off("close", closed);
      resolve(client);
    });
    client.connect({
      sock: socket,
      username: login.user,
      authHandler: attempts.next,
      hostVerifier: (key: Uint8Array, verdict: (trusted: boolean) => void) => {
        // Keys are exchanged anew when much has been sent. The answer must then come at once: while ssh2
        // waits for it, what it sends is corrupt.
        if (trustedKey !== undefined) return equalBytes(key, trustedKey);
        const shown = key.slice();
        verifier.verify(key).then((error) => {
          distrust = error;
          if (error === undefined) trustedKey = shown;
          verdict(error === undefined);
        });
      },
      algorithms: {
        serverHostKey: verifier.algorithms,
        // Under Deno the curve P-521 fails in the key exchange, and zlib in what follows.
        kex: { append: [], prepend: [], remove: ["ecdh-sha2-nistp521"] },
        compress: ["none"],
      },
      // Our own deadline covers the socket as well.
      readyTimeout: 0,
      keepaliveInterval: login.keepaliveMs,
      keepaliveCountMax: 3,
    });
  });
}

function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function explain(
  label: string,
  error: LoginError,
  handshaken: boolean,
  attempts: Attempts,
): SluiceError {
  // After the handshake the host only ends the talk because of the login: too many failures, mostly.
  const refused = error.level === "client-authentication" || (handshaken && "code" in error &&
    typeof error.code === "number");
  if (refused) return attempts.failure(error);
  if (error.level === "handshake") return new HandshakeError(label, error.message, error);
  return new ConnectError(label, networkWords(error), error);
}

/** Offers our credentials one by one, each once. */
class Attempts {
  readonly #login: SshLogin;
  readonly #waiting: Credential[];
  readonly #tried: string[] = [];
  readonly #skipped: string[];
  #offered: readonly string[] = [];
  #partial = false;
  #agentError: Error | undefined;
  /** A password that may be given in answer to a question, should the host take it in no other way. */
  #answer: string | undefined;

  constructor(login: SshLogin) {
    this.#login = login;
    this.#waiting = [...login.credentials.ways];
    this.#skipped = [...login.credentials.skipped];
  }

  /** The handler for ssh2, whose result `false` ends the login. */
  readonly next: AuthHandlerMiddleware = (
    offered: AuthenticationType[] | null,
    partial,
    tell,
  ): false | undefined => {
    this.#offered = offered ?? this.#offered;
    if (partial) {
      this.#partial = true;
      return false;
    }
    const answer = this.#answer;
    this.#answer = undefined;
    const username = this.#login.user;
    // A host that offers `password` has refused this one; trying it in another way would count twice.
    if (
      answer !== undefined && !this.#offered.includes("password") &&
      this.#offered.includes("keyboard-interactive")
    ) {
      this.#tried.push("password as an answer to the host's question");
      tell({
        type: "keyboard-interactive",
        username,
        prompt: (_name, _instructions, _language, prompts, finish) => {
          const hidden = prompts.filter((prompt) => prompt.echo !== true).length;
          finish(prompts.map((prompt) => hidden === 1 && prompt.echo !== true ? answer : ""));
        },
      });
      return undefined;
    }
    const credential = this.#waiting.shift();
    if (credential === undefined) return false;
    this.#tried.push(credential.name);
    switch (credential.kind) {
      case "key":
        tell({ type: "publickey", username, key: credential.key });
        return undefined;
      case "agent":
        tell({ type: "agent", username, agent: credential.socket });
        return undefined;
      case "password":
        this.#answer = credential.password;
        tell({ type: "password", username, password: credential.password });
        return undefined;
    }
  };

  agentFailed(error: Error): void {
    this.#agentError = error;
    this.#skipped.push(`the agent (${error.message})`);
  }

  failure(cause: Error): SluiceError {
    const onlyAgent = this.#login.credentials.ways.every((way) => way.kind === "agent");
    if (this.#agentError !== undefined && onlyAgent) {
      return new AgentError(networkWords(this.#agentError), this.#agentError);
    }
    return new AuthenticationError(this.#login.label, {
      tried: this.#tried,
      skipped: this.#skipped,
      offered: this.#offered,
      partial: this.#partial,
      cause,
    });
  }
}

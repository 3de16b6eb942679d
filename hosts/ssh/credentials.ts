/**
 * What to log in with, and in which order.
 *
 * @module
 */

// @ts-types="@types/ssh2"
import type { ParsedKey } from "ssh2";
import { type Auth, SluiceError } from "../../model/mod.ts";
import { expandHome, type SshEnvironment } from "./environment.ts";
import { readPrivateKey } from "./private_key.ts";
import type { SshHostSettings } from "./ssh_config.ts";
import { AgentError, KeyFileError } from "./ssh_errors.ts";

/** One way to prove who we are. */
export type Credential =
  | { readonly kind: "key"; readonly name: string; readonly key: ParsedKey }
  | { readonly kind: "agent"; readonly name: string; readonly socket: string }
  | { readonly kind: "password"; readonly name: string; readonly password: string };

/** The ways to try, and those left out with the reason. */
export interface Credentials {
  /** In the order in which they are tried. */
  readonly ways: readonly Credential[];
  /** Sentences without a full stop. */
  readonly skipped: readonly string[];
}

/** The keys that OpenSSH tries when none is named; those of security keys need OpenSSH itself. */
const DEFAULT_IDENTITIES = ["~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"];

/**
 * The credentials for a host: exactly the configured one, or without one the agent, then the identity
 * files of the ssh_config, then the usual ones.
 *
 * @throws {KeyFileError} The configured key cannot be read.
 * @throws {KeyFormatError} The configured key cannot be used.
 * @throws {PassphraseError} The configured key does not open.
 * @throws {AgentError} The agent was asked for and is not there.
 */
export async function findCredentials(
  auth: Auth | undefined,
  settings: SshHostSettings,
  environment: SshEnvironment,
): Promise<Credentials> {
  if (auth === undefined) return await usualCredentials(settings, environment);
  if (auth.password !== undefined) {
    return only({ kind: "password", name: "password", password: auth.password });
  }
  if (auth.agent !== undefined) {
    const socket = auth.agent === true
      ? environment.variable("SSH_AUTH_SOCK")
      : expandHome(auth.agent, environment);
    if (socket === undefined || socket === "") throw new AgentError("SSH_AUTH_SOCK is not set");
    return only({ kind: "agent", name: `agent ${socket}`, socket });
  }
  if (auth.keyText !== undefined) {
    const key = readPrivateKey(auth.keyText, "The key in auth.keyText", auth.passphrase);
    return only({ kind: "key", name: "the key in auth.keyText", key });
  }
  if (auth.keyFile !== undefined) {
    return only(await readKeyFile(auth.keyFile, environment, auth.passphrase));
  }
  return await usualCredentials(settings, environment);
}

function only(credential: Credential): Credentials {
  return { ways: [credential], skipped: [] };
}

async function usualCredentials(
  settings: SshHostSettings,
  environment: SshEnvironment,
): Promise<Credentials> {
  const ways: Credential[] = [];
  const skipped: string[] = [];
  const socket = settings.identityAgent ?? environment.variable("SSH_AUTH_SOCK");
  if (socket !== undefined && socket !== "" && socket !== "none" && !settings.identitiesOnly) {
    ways.push({ kind: "agent", name: `agent ${socket}`, socket });
  }
  const named = settings.identityFiles.length > 0;
  for (const path of named ? settings.identityFiles : DEFAULT_IDENTITIES) {
    try {
      ways.push(await readKeyFile(path, environment));
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      const missing = error.cause instanceof Deno.errors.NotFound;
      if (named || !missing) skipped.push(error.message.replace(/\.$/, ""));
    }
  }
  return { ways, skipped };
}

async function readKeyFile(
  path: string,
  environment: SshEnvironment,
  passphrase?: string,
): Promise<Credential> {
  const file = expandHome(path, environment);
  let text: string;
  try {
    text = new TextDecoder().decode(await environment.readFile(file));
  } catch (error) {
    const detail = error instanceof Deno.errors.NotFound ? "there is no such file" : String(error);
    throw new KeyFileError(file, detail, error);
  }
  const key = readPrivateKey(text, `The key ${file}`, passphrase, file);
  return { kind: "key", name: `key ${file}`, key };
}

/**
 * The way to a host through others.
 *
 * Source: ssh_config(5), ProxyJump.
 *
 * @module
 */

import type { SshConfig, SshHostSettings } from "./ssh_config.ts";
import { SshConfigError } from "./ssh_errors.ts";

/** One host on the way. */
export interface Stop {
  /** Name, address or alias. */
  readonly alias: string;
  /** Port as it stands in the jump; else the ssh_config's counts. */
  readonly port?: number;
  /** User as it stands in the jump; else the ssh_config's counts. */
  readonly user?: string;
}

/** A host on the way with what the ssh_config says of it. */
export interface ResolvedStop extends Stop {
  /** What the ssh_config says. */
  readonly settings: SshHostSettings;
}

/** Longer ways are taken for a circle. */
const LONGEST_WAY = 8;

/**
 * Reads a list of jump hosts: `[user@]host[:port]` or `ssh://[user@]host[:port]`, with commas between.
 *
 * @throws {SshConfigError} It is not such a list.
 */
export function parseProxyJump(text: string): readonly Stop[] {
  if (text.trim().toLowerCase() === "none") return [];
  return text.split(",").map((part) => {
    const match =
      /^(?:ssh:\/\/)?(?:(?<user>[^@\s]+)@)?(?:\[(?<address>[^\]\s]+)\]|(?<name>[^:@\s/[\]]+))(?::(?<port>\d{1,5}))?\/?$/
        .exec(part.trim());
    const { user, address, name, port } = match?.groups ?? {};
    const alias = address ?? name;
    if (alias === undefined) {
      throw new SshConfigError(
        `'${part}' is not a jump host.`,
        "Write proxyJump as user@host:port, with commas between several hosts.",
      );
    }
    return {
      alias,
      ...(user === undefined ? {} : { user }),
      ...(port === undefined ? {} : { port: Number(port) }),
    };
  });
}

/**
 * The jump hosts to a host, first one first. The first may have jump hosts of its own in the
 * ssh_config; each of the others is reached through the one before it.
 *
 * @param proxyJump What the caller says; it wins over the ssh_config.
 * @throws {SshConfigError} A list that cannot be read, a circle, or a ProxyCommand.
 */
export function wayTo(
  settings: SshHostSettings,
  proxyJump: string | undefined,
  sshConfig: SshConfig,
): readonly ResolvedStop[] {
  const way: ResolvedStop[] = [];
  let jump = jumpOf(settings, proxyJump);
  while (jump.length > 0) {
    const stops = jump.map((stop) => ({
      ...stop,
      settings: sshConfig.lookUp(stop.alias, stop.user),
    }));
    way.unshift(...stops);
    if (way.length > LONGEST_WAY) {
      throw new SshConfigError(
        `The way through jump hosts goes in a circle: ${way.map((stop) => stop.alias).join(", ")}.`,
        "Correct the ProxyJump lines of the ssh_config.",
      );
    }
    const [first] = stops;
    jump = first === undefined ? [] : jumpOf(first.settings, undefined);
  }
  return way;
}

function jumpOf(settings: SshHostSettings, proxyJump: string | undefined): readonly Stop[] {
  const text = proxyJump ?? settings.proxyJump;
  if (text !== undefined) return parseProxyJump(text);
  const command = settings.proxyCommand;
  if (command !== undefined && command.toLowerCase() !== "none") {
    throw new SshConfigError(
      `The ssh_config asks for the ProxyCommand '${command}', which is not supported.`,
      "Set proxyJump, or `proxyJump: none` to connect directly.",
    );
  }
  return [];
}

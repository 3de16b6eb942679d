/**
 * Asking the user's ssh_config what an alias means.
 *
 * The file is read by `ssh-config`; which lines count is decided here, since that library takes keywords
 * by their exact case, does not follow `Include`, and runs programs for `Match exec`.
 *
 * Source: ssh_config(5).
 *
 * @module
 */

import SSHConfig from "ssh-config";
import { expandHome, homeDirectory, type SshEnvironment } from "./environment.ts";
import { fits, fitsList } from "./pattern.ts";
import { SshConfigError } from "./ssh_errors.ts";

/** What the ssh_config says of one host; what it does not say is left out. */
export interface SshHostSettings {
  /** The name or address to connect to. */
  readonly hostName?: string;
  /** The port to connect to. */
  readonly port?: number;
  /** The user to log in as. */
  readonly user?: string;
  /** Paths of private keys, `~` and tokens expanded. */
  readonly identityFiles: readonly string[];
  /** Only these keys may be offered, not all that the agent holds. */
  readonly identitiesOnly: boolean;
  /** Socket of the agent, or `"none"`. */
  readonly identityAgent?: string;
  /** Hosts to go through, as written; `"none"` for none. */
  readonly proxyJump?: string;
  /** A program to connect through. */
  readonly proxyCommand?: string;
  /** Files of known hosts, `~` and tokens expanded. */
  readonly userKnownHostsFiles?: readonly string[];
  /** Name under which the host's key is looked up. */
  readonly hostKeyAlias?: string;
}

/** Includes within includes; OpenSSH allows as many. */
const DEEPEST_INCLUDE = 16;

interface ConfigLine {
  /** The keyword in lower case. */
  readonly keyword: string;
  readonly values: readonly string[];
  /** The lines that a `Host` or `Match` line stands above. */
  readonly section: readonly ConfigLine[];
}

/** A parsed ssh_config with everything that it includes. */
export class SshConfig {
  readonly #lines: readonly ConfigLine[];
  readonly #environment: SshEnvironment;

  private constructor(lines: readonly ConfigLine[], environment: SshEnvironment) {
    this.#lines = lines;
    this.#environment = environment;
  }

  /**
   * Reads the file.
   *
   * @param path `false` for none, `undefined` for `~/.ssh/config` where it exists.
   * @throws {SshConfigError} The file is named but missing, cannot be read or makes no sense.
   */
  static async read(
    path: string | false | undefined,
    environment: SshEnvironment,
  ): Promise<SshConfig> {
    const home = homeDirectory(environment);
    if (path === false || (path === undefined && home === undefined)) {
      return new SshConfig([], environment);
    }
    const file = expandHome(path ?? "~/.ssh/config", environment);
    const lines = await readLines(file, path !== undefined, environment, 0);
    return new SshConfig(lines, environment);
  }

  /** What the file says of an alias. As in OpenSSH, the first value found counts. */
  lookUp(alias: string, user?: string): SshHostSettings {
    const localUser = localUserName(this.#environment);
    const found = new Map<string, readonly string[]>();
    const first = (keyword: string) => found.get(keyword)?.[0];
    if (user !== undefined) found.set("user", [user]);
    const visit = (lines: readonly ConfigLine[]) => {
      for (const { keyword, values, section } of lines) {
        if (keyword === "host") {
          if (fitsList(values, alias)) visit(section);
        } else if (keyword === "match") {
          const facts = {
            host: first("hostname") ?? alias,
            originalhost: alias,
            user: first("user") ?? localUser ?? "",
            localuser: localUser ?? "",
          };
          if (matches(values, facts)) visit(section);
        } else if (keyword === "identityfile") {
          found.set(keyword, [...(found.get(keyword) ?? []), ...values]);
        } else if (!found.has(keyword)) {
          found.set(keyword, values);
        }
      }
    };
    visit(this.#lines);
    return this.#settings(alias, found);
  }

  #settings(alias: string, found: ReadonlyMap<string, readonly string[]>): SshHostSettings {
    const first = (keyword: string) => found.get(keyword)?.[0];
    const hostName = first("hostname")?.replaceAll("%h", alias).replaceAll("%%", "%");
    const port = first("port");
    if (port !== undefined && !/^\d{1,5}$/.test(port)) {
      throw new SshConfigError(
        `The ssh_config gives ${alias} the port '${port}', which is none.`,
        "Correct the Port line of the ssh_config.",
      );
    }
    const user = first("user");
    const expand = (path: string) => this.#expand(path, hostName ?? alias, port, user);
    const identityAgent = first("identityagent");
    const proxyJump = first("proxyjump");
    const proxyCommand = found.get("proxycommand")?.join(" ");
    const userKnownHostsFiles = found.get("userknownhostsfile")?.map(expand);
    const hostKeyAlias = first("hostkeyalias");
    return {
      identityFiles: (found.get("identityfile") ?? []).map(expand),
      identitiesOnly: first("identitiesonly")?.toLowerCase() === "yes",
      ...(hostName === undefined ? {} : { hostName }),
      ...(port === undefined ? {} : { port: Number(port) }),
      ...(user === undefined ? {} : { user }),
      ...(identityAgent === undefined ? {} : { identityAgent: expand(identityAgent) }),
      ...(proxyJump === undefined ? {} : { proxyJump }),
      ...(proxyCommand === undefined ? {} : { proxyCommand }),
      ...(userKnownHostsFiles === undefined ? {} : { userKnownHostsFiles }),
      ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    };
  }

  #expand(path: string, host: string, port: string | undefined, user: string | undefined): string {
    const localUser = localUserName(this.#environment) ?? "";
    const tokens: Readonly<Record<string, string>> = {
      "%": "%",
      h: host,
      p: port ?? "22",
      r: user ?? localUser,
      u: localUser,
      d: homeDirectory(this.#environment) ?? "~",
    };
    const expanded = path
      .replace(/%(.)/g, (whole, letter: string) => tokens[letter] ?? whole)
      .replace(/\$\{(\w+)\}/g, (whole, name: string) => this.#environment.variable(name) ?? whole);
    return expandHome(expanded, this.#environment);
  }
}

/** Name of the local user, where the environment tells it. */
export function localUserName(environment: SshEnvironment): string | undefined {
  return environment.variable("USER") ?? environment.variable("LOGNAME") ??
    environment.variable("USERNAME");
}

async function readLines(
  file: string,
  mustExist: boolean,
  environment: SshEnvironment,
  depth: number,
): Promise<readonly ConfigLine[]> {
  let text: string;
  try {
    text = new TextDecoder().decode(await environment.readFile(file));
  } catch (error) {
    if (!mustExist && error instanceof Deno.errors.NotFound) return [];
    throw new SshConfigError(
      `The ssh_config ${file} cannot be read: ${String(error)}`,
      "Check `sshConfig` of the cluster and that Sluice may read the file, or set it to false.",
      error,
    );
  }
  try {
    return await withIncludes(linesOf(SSHConfig.parse(text)), environment, depth);
  } catch (error) {
    if (error instanceof SshConfigError) throw error;
    throw new SshConfigError(
      `The ssh_config ${file} makes no sense: ${String(error)}`,
      `Correct it; \`ssh -G -F ${file} host\` shows how OpenSSH reads it.`,
      error,
    );
  }
}

async function withIncludes(
  lines: readonly ConfigLine[],
  environment: SshEnvironment,
  depth: number,
): Promise<readonly ConfigLine[]> {
  const whole: ConfigLine[] = [];
  for (const line of lines) {
    if (line.keyword !== "include") {
      whole.push({ ...line, section: await withIncludes(line.section, environment, depth) });
      continue;
    }
    if (depth >= DEEPEST_INCLUDE) {
      throw new SshConfigError("The ssh_config includes itself.", "Remove the circle.");
    }
    for (const pattern of line.values) {
      for (const file of await expandPattern(pattern, environment)) {
        whole.push(...await readLines(file, false, environment, depth + 1));
      }
    }
  }
  return whole;
}

/** The files that an `Include` names; wildcards stand in its last part only. */
async function expandPattern(
  pattern: string,
  environment: SshEnvironment,
): Promise<readonly string[]> {
  const expanded = expandHome(pattern, environment);
  const path = expanded.startsWith("/") ? expanded : expandHome(`~/.ssh/${expanded}`, environment);
  const slash = path.lastIndexOf("/");
  const [directory, name] = [path.slice(0, slash), path.slice(slash + 1)];
  if (!/[*?]/.test(name)) return [path];
  const names = await environment.listDirectory(directory === "" ? "/" : directory);
  return names.filter((entry) => !entry.startsWith(".") && fits(name, entry))
    .map((entry) => `${directory}/${entry}`);
}

function linesOf(config: SSHConfig): readonly ConfigLine[] {
  const lines: ConfigLine[] = [];
  for (const line of config) {
    if (line.type !== SSHConfig.DIRECTIVE) continue;
    lines.push({
      keyword: line.param.toLowerCase(),
      values: typeof line.value === "string" ? [line.value] : line.value.map(({ val }) => val),
      section: "config" in line ? linesOf(line.config) : [],
    });
  }
  return lines;
}

/** Whether the criteria of a `Match` line hold. Those that would run a program or resolve names never do. */
function matches(
  words: readonly string[],
  facts: Readonly<Record<"host" | "originalhost" | "user" | "localuser", string>>,
): boolean {
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const negated = word.startsWith("!");
    const criterion = (negated ? word.slice(1) : word).toLowerCase();
    if (criterion === "all") continue;
    if (criterion === "canonical" || criterion === "final") {
      if (!negated) return false;
      continue;
    }
    const argument = left.shift() ?? "";
    switch (criterion) {
      case "host":
      case "originalhost":
      case "user":
      case "localuser":
        if (fitsList(argument.split(","), facts[criterion]) === negated) return false;
        break;
      default:
        return false;
    }
  }
  return true;
}

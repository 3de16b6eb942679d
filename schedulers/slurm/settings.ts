/**
 * What slurmctld says of its own settings, over one connection.
 *
 * @module
 */

import type { Host } from "../../hosts/mod.ts";
import { parseShowConfig, showConfigArguments } from "../../slurm/mod.ts";
import type { SlurmConfig } from "../../slurm/mod.ts";
import { SchedulerUnavailableError } from "../errors.ts";
import { slurmOutput } from "./slurm_output.ts";

/** Slurm's own default of KillWait, for a cluster that does not tell, in seconds. */
export const KILL_WAIT_SECONDS = 30;

/** The settings, which are asked for once, and again by who must have those of now. */
export class SlurmSettings {
  readonly #host: Host;
  #config: SlurmConfig | undefined;

  /** Asks over the given connection, which stays the caller's. */
  constructor(host: Host) {
    this.#host = host;
  }

  /** The settings as they were told last. */
  async known(signal: AbortSignal): Promise<SlurmConfig> {
    return this.#config ?? await this.now(signal);
  }

  /** The settings as they are told now. */
  async now(signal: AbortSignal): Promise<SlurmConfig> {
    this.#config = parseShowConfig(await slurmOutput(this.#host, showConfigArguments(), signal));
    return this.#config;
  }

  /** The same; none where slurmctld does not answer. */
  async nowIfAnswered(signal: AbortSignal): Promise<Partial<SlurmConfig>> {
    try {
      return await this.now(signal);
    } catch (error) {
      if (error instanceof SchedulerUnavailableError) return {};
      throw error;
    }
  }
}

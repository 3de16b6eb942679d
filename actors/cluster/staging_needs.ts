/**
 * What a job needs on the cluster before it is submitted, and how each part of it gets there.
 *
 * @module
 */

import type { LocalEnvironments } from "../../environments/mod.ts";
import { inputPlaces, placePath } from "../../launchers/mod.ts";
import {
  attemptParts,
  componentsOf,
  fileInputs,
  packedSoftware,
  remoteScripts,
} from "../../model/mod.ts";
import type {
  AttemptId,
  FileInput,
  JobId,
  PackedSoftware,
  SentInput,
  Staged,
  StagingTerms,
} from "../../model/mod.ts";
import { readScriptDirectives } from "../../schedulers/mod.ts";
import { contentsOf } from "../../transfers/mod.ts";
import type { LocalFiles, PlacedInput } from "../../transfers/mod.ts";
import type { Connection } from "./connection.ts";

/** What on this side goes to clusters. */
export interface StagingSources {
  /** The archives of software. */
  readonly environments: Pick<LocalEnvironments, "prepare">;
  /** The files that jobs take in. */
  readonly files: Pick<LocalFiles, "read">;
  /** The partition of jobs that name none, where the configuration says one. */
  readonly defaultPartition?: string | undefined;
}

/** Something that jobs wait for. */
export interface Need {
  /** The same for jobs that wait for the same. */
  readonly key: string;
  /**
   * Sees to it that it lies on the cluster, whatever is there already. Doing so again is safe.
   *
   * @throws {SluiceError} It cannot be sent.
   */
  readonly send: (connection: Connection, signal: AbortSignal) => Promise<Staged>;
}

/** What a job needs, in the order in which its spec names it. */
export function stagingNeeds(
  attemptId: AttemptId,
  spec: StagingTerms,
  sources: StagingSources,
): Need[] {
  const { jobId } = attemptParts(attemptId);
  return [
    ...scriptNeeds(spec),
    ...softwareNeeds(spec, sources),
    ...inputNeeds(jobId, spec, sources),
  ];
}

function scriptNeeds(spec: StagingTerms): Need[] {
  return remoteScripts(spec).map(({ component, path }): Need => ({
    key: JSON.stringify(["script", component, path]),
    async send({ host }, signal) {
      const directives = await readScriptDirectives(host, path, signal);
      return { environments: [], scripts: [{ component, directives }] };
    },
  }));
}

function softwareNeeds(
  { software, components = [], resources }: StagingTerms,
  { environments, defaultPartition }: StagingSources,
): Need[] {
  return [{ software, resources }, ...components].flatMap((part) =>
    packedSoftware({ software: part.software, components: undefined }).map((packed) =>
      softwareNeed(packed, part.resources.partition ?? defaultPartition, environments)
    )
  );
}

function softwareNeed(
  software: PackedSoftware,
  partition: string | undefined,
  local: StagingSources["environments"],
): Need {
  return {
    key: JSON.stringify(["software", software, partition]),
    async send({ environments }, signal) {
      const archive = await local.prepare(software, signal);
      const { sha256, platform } = archive;
      await environments.check(platform, partition, signal);
      await environments.send(archive, signal);
      return { environments: [platform === undefined ? { sha256 } : { sha256, platform }] };
    },
  };
}

/** An input of a job or component that is to be sent. */
interface InputTerms {
  readonly name: string;
  readonly input: FileInput;
  readonly component: number | undefined;
  /** Its place on the cluster, given the job's directory. */
  readonly to: (jobDirectory: string) => string;
}

/** The inputs of a job are put in its places together, so that it is one need of its own. */
function inputNeeds(jobId: JobId, spec: StagingTerms, { files }: StagingSources): Need[] {
  const inputs = inputsOf(spec);
  if (inputs.length === 0) return [];
  return [{
    key: JSON.stringify(["inputs", jobId]),
    async send(connection, signal) {
      const { directory } = connection.planner.paths(jobId);
      const placed: PlacedInput[] = [];
      const sent: SentInput[] = [];
      for (const { name, input, component, to } of inputs) {
        const content = await files.read(name, input, signal);
        placed.push({ name, input: content, to: to(directory) });
        const contents = contentsOf(content);
        sent.push({
          name,
          ...(component === undefined ? {} : { component }),
          files: contents.length,
          bytes: contents.reduce((sum, { size }) => sum + size, 0),
          sha256: content.sha256,
        });
      }
      await connection.files.place(placed, directory, signal);
      return { environments: [], inputs: sent };
    },
  }];
}

function inputsOf(spec: StagingTerms): InputTerms[] {
  return componentsOf(spec).flatMap((work, number) => {
    const component = spec.components === undefined ? undefined : number;
    const { workingDirectory } = work;
    const places = inputPlaces(work.inputs, { workingDirectory, component });
    return fileInputs(work).flatMap(([name, input]): InputTerms[] => {
      const place = places.get(name);
      return place === undefined
        ? []
        : [{ name, input, component, to: (directory) => placePath(place, directory) }];
    });
  });
}

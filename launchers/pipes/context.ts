/**
 * What a payload is told by Dagster Pipes. Pure.
 *
 * @module
 */

import { attemptParts } from "../../model/mod.ts";
import type { AttemptId, MessageTerms } from "../../model/mod.ts";

function nullsFor(assetKeys: readonly string[]): Record<string, null> {
  return Object.fromEntries(assetKeys.map((key) => [key, null]));
}

/** The context of an attempt, as JSON. @param name The job's name. */
export function pipesContext(attemptId: AttemptId, name: string, terms: MessageTerms): string {
  const { jobId, attempt } = attemptParts(attemptId);
  const { assetKeys, partitionKey, partitionKeyRange, partitionTimeWindow } = terms;
  const { codeVersionByAssetKey, provenanceByAssetKey } = terms;
  const provenance = provenanceByAssetKey === undefined ? undefined : Object.fromEntries(
    Object.entries(provenanceByAssetKey).map(([key, one]) => [
      key,
      one === null ? null : {
        code_version: one.codeVersion,
        input_data_versions: one.inputDataVersions,
        is_user_provided: one.isUserProvided,
      },
    ]),
  );
  const nulls = assetKeys === undefined ? null : nullsFor(assetKeys);
  return JSON.stringify({
    asset_keys: assetKeys ?? null,
    code_version_by_asset_key: nulls === null && codeVersionByAssetKey === undefined
      ? null
      : { ...nulls, ...codeVersionByAssetKey },
    provenance_by_asset_key: nulls === null && provenance === undefined
      ? null
      : { ...nulls, ...provenance },
    partition_key: partitionKey ?? null,
    partition_key_range: partitionKeyRange ??
      (partitionKey === undefined ? null : { start: partitionKey, end: partitionKey }),
    partition_time_window: partitionTimeWindow ?? null,
    run_id: terms.runId ?? jobId,
    job_name: terms.jobName === undefined ? name : terms.jobName,
    retry_number: terms.retryNumber + attempt - 1,
    extras: terms.extras,
  });
}

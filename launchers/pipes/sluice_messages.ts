/**
 * Messages from a job to Sluice, for Deno and Node and without any other package.
 *
 * Sluice puts this file into the directory that `SLUICE_HELPERS` names in jobs whose spec has `messages`:
 *
 *     const messages = await import(`${process.env.SLUICE_HELPERS}/sluice_messages.ts`);
 *     messages.log("half of it is done");
 *
 * Elsewhere there is nobody to tell, and every function does nothing. The lines are those of Dagster Pipes.
 *
 * @module
 */

import { appendFileSync } from "node:fs";
import process from "node:process";

/** Any value of the metadata: its type is seen from itself, or named as by Dagster Pipes. */
export type Metadata = Record<string, unknown>;

function send(method: string, params: Record<string, unknown>): void {
  const path = process.env.SLUICE_MESSAGES;
  if (path === undefined || path === "") return;
  appendFileSync(
    path,
    `${JSON.stringify({ __dagster_pipes_version: "0.1", method, params })}\n`,
  );
}

function typed(metadata: Metadata): Metadata {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => {
      const named = typeof value === "object" && value !== null && "type" in value &&
        "raw_value" in value;
      return [name, named ? value : { type: "__infer__", raw_value: value }];
    }),
  );
}

/** Tells a line of the log. */
export function log(text: string, level = "INFO"): void {
  send("log", { message: text, level });
}

/** Tells that an asset has been made. */
export function materialization(
  assetKey: string,
  metadata: Metadata = {},
  dataVersion?: string,
): void {
  send("report_asset_materialization", {
    asset_key: assetKey,
    metadata: typed(metadata),
    data_version: dataVersion ?? null,
  });
}

/** Tells what a check of an asset has come to. */
export function check(
  assetKey: string,
  name: string,
  passed: boolean,
  severity: "WARN" | "ERROR" = "ERROR",
  metadata: Metadata = {},
): void {
  send("report_asset_check", {
    asset_key: assetKey,
    check_name: name,
    passed,
    severity,
    metadata: typed(metadata),
  });
}

/** Tells any JSON value. */
export function custom(payload: unknown): void {
  send("report_custom_message", { payload });
}

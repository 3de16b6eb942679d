/**
 * Events on one line each.
 *
 * @module
 */

import { bytesText } from "../../model/mod.ts";
import type { JobEvent, JobFact } from "../../model/mod.ts";
import { phaseText } from "./job.ts";
import { messageText } from "./message.ts";
import { visible } from "./text.ts";
import { timeText } from "./time.ts";

function why(fact: { readonly reason?: { code: string; text: string } | undefined }): string {
  return fact.reason === undefined ? "" : ` (${fact.reason.code}: ${fact.reason.text})`;
}

function on(nodes: readonly string[]): string {
  return nodes.length === 0 ? "" : ` on ${nodes.join(",")}`;
}

function words(fact: JobFact): string {
  switch (fact.type) {
    case "accepted":
      return `accepted as '${fact.spec.name}'`;
    case "staging":
      return fact.tries === 1 ? "staging" : `staging, try ${fact.tries}`;
    case "staged":
      return stagedText(fact);
    case "submitting":
      return fact.tries === 1 ? "submitting" : `submitting, try ${fact.tries}`;
    case "submitted":
      return `submitted as ${fact.schedulerId}`;
    case "queued":
      return `queued${why(fact)}`;
    case "running":
      return `running${on(fact.nodes)}${why(fact)}`;
    case "exited":
      return `exited with status ${fact.exitCode}`;
    case "message":
      return messageText(fact.message);
    case "cancel_requested":
      return fact.signal === undefined
        ? "cancel requested"
        : `cancel with ${fact.signal} requested`;
    case "signalled":
      return `${fact.signal} sent`;
    case "attempt_ended":
      return `attempt ${fact.attempt} ${phaseText(fact)}; another follows at ${
        timeText(fact.retryAt)
      }`;
    case "ended":
      return `${phaseText(fact)}${fact.error === undefined ? "" : `: ${fact.error.message}`}`;
    case "unknown":
      return `unknown since ${timeText(fact.since)}${why(fact)}`;
    case "known":
      return "known again";
    case "node_failed":
      return `node ${fact.node} failed (${fact.state})`;
    case "node_recovered":
      return `node ${fact.node} is back`;
    case "session_expiring":
      return `the session ends at ${timeText(fact.expiresAt)}`;
    case "session_closing":
      return `closing (${fact.reason})`;
    case "cluster_up":
      return `${fact.framework} up at ${fact.address}`;
    case "cluster_down":
      return `cluster ${fact.jobId} down`;
  }
}

/** One event: `17  2026-11-20 19:35:58Z  JOB  running on n1`. */
export function eventLine(event: JobEvent): string {
  const task = "task" in event.fact && event.fact.task !== undefined
    ? ` task ${event.fact.task}:`
    : "";
  return `${String(event.id).padStart(6)}  ${timeText(event.at)}  ${event.jobId} ${task} ${
    visible(words(event.fact))
  }\n`;
}

function stagedText(
  { environments, inputs = [], scripts = [] }: Extract<JobFact, { type: "staged" }>,
): string {
  const files = inputs.reduce((sum, input) => sum + input.files, 0);
  const bytes = inputs.reduce((sum, input) => sum + input.bytes, 0);
  return [
    ...environments.length === 0
      ? []
      : [`as ${environments.map(({ sha256 }) => sha256.slice(0, 12)).join(", ")}`],
    ...scripts.length === 0 ? [] : ["with the script on the cluster"],
    ...inputs.length === 0 ? [] : [`with ${files} files, ${bytesText(bytes)}`],
  ].reduce((text, part) => `${text} ${part}`, "staged");
}

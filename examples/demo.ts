/**
 * The main job from one end to the other on this machine, through the real server and the real client:
 * a script is submitted, its events and its output come back live, and so does the result.
 *
 * It writes below `.sluice/demo` only and needs no cluster.
 *
 * @module
 */

import {
  clusterConfigSchema,
  createSluiceClient,
  jobEvents,
  jobLogs,
  serve,
  Sluice,
} from "../mod.ts";
import type { JobEvent } from "../mod.ts";

const SCRIPT = `#!/bin/sh
echo "Hello from $(uname -n)"
for step in 1 2 3; do
  echo "step $step of 3"
  sleep 0.5
done
echo "done" >&2
`;

/** A line that tells what happened. */
function describe({ index, fact }: JobEvent): string {
  switch (fact.type) {
    case "submitted":
      return `event ${index}: submitted as ${fact.schedulerId}`;
    case "exited":
      return `event ${index}: exited with status ${fact.exitCode}`;
    case "ended":
      return `event ${index}: ended, ${fact.phase}`;
    default:
      return `event ${index}: ${fact.type}`;
  }
}

const directory = `${Deno.cwd()}/.sluice/demo`;
const token = crypto.randomUUID();

await using sluice = await Sluice.open({
  config: {
    dataDirectory: `${directory}/data`,
    clusters: {
      local: clusterConfigSchema.parse({ type: "local", remoteDirectory: `${directory}/jobs` }),
    },
  },
});
await using server = serve(sluice, { token, port: 0 });
console.log(`server   ${server.url}`);

const client = createSluiceClient({ url: server.url, token });
const job = await client.jobs.submit.mutate({
  cluster: "local",
  name: "demo",
  payload: { kind: "script", script: SCRIPT },
});
console.log(`job      ${job.id}`);

async function showEvents(): Promise<void> {
  for await (const event of jobEvents(client, { jobId: job.id })) {
    console.log(`event    ${describe(event)}`);
  }
}

async function showOutput(): Promise<void> {
  const decoder = new TextDecoder();
  for await (const { bytes } of jobLogs(client, { jobId: job.id })) {
    for (const line of decoder.decode(bytes, { stream: true }).trimEnd().split("\n")) {
      console.log(`output   ${line}`);
    }
  }
}

await Promise.all([showEvents(), showOutput()]);
const result = await client.jobs.result.query({ id: job.id });
console.log(`result   ${result.phase}, exit status ${result.exitCode}`);
Deno.exitCode = result.phase === "succeeded" ? 0 : 1;

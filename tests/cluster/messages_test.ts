/**
 * What payloads say while they run, as events of their jobs.
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../actors/mod.ts";
import type { JobFact, Message } from "../../model/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { denoOnNodes } from "./support/deno.ts";
import { untilThere } from "./support/gate.ts";
import { runSideBySide } from "./support/side_by_side.ts";
import type { Parts } from "./support/side_by_side.ts";
import { DEV, jobSpec, shellJob, Workspace } from "./support/workspace.ts";
import type { JobInput } from "./support/workspace.ts";

/** The kinds of facts, and the texts of what was logged. */
function words(facts: readonly JobFact[]): string[] {
  return facts.map((fact) =>
    fact.type === "message" && fact.message.kind === "log" ? fact.message.text : fact.type
  );
}

const SAY = `say() {
  printf '{"__dagster_pipes_version":"0.1","method":"log","params":{"message":"%s"}}\\n' "$1" \\
    >>"$SLUICE_MESSAGES"
}
`;

Deno.test("a line of JSON that a shell prints is an event of the job while it runs, and the last one before its end", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const go = workspace.file("go");
  const script = [
    SAY,
    "say 'it begins'",
    untilThere(go.path),
    "say 'it ends'",
  ].join("\n");
  const { id } = await sluice.jobs.submit(jobSpec(shellJob(script, { messages: {} })));
  const facts: JobFact[] = [];
  for await (const { fact } of sluice.jobs.events({ jobId: id })) {
    facts.push(fact);
    // Only who has heard the first is told the second.
    if (fact.type === "message" && facts.filter(({ type }) => type === "message").length === 1) {
      await onCluster(["touch", go.path]);
    }
  }
  const told = words(facts);
  assert.equal(told.at(-1), "ended", told.join());
  assert.deepEqual(told.filter((word) => word.startsWith("it ")), ["it begins", "it ends"]);
});

/** What the parts of a job have said, by their numbers, with `ended` where each has ended. */
function byTask(facts: readonly JobFact[]): Record<string, string[]> {
  const parts: Record<string, string[]> = {};
  for (const fact of facts) {
    if (fact.type !== "message" && fact.type !== "ended") continue;
    (parts[fact.task ?? "all"] ??= []).push(...words([fact]));
  }
  return parts;
}

async function factsOf(sluice: Sluice, input: JobInput): Promise<JobFact[]> {
  const { id } = await sluice.jobs.submit(jobSpec({
    ...input,
    resources: { memory: 50, time: 5, ...input.resources },
  }));
  const facts: JobFact[] = [];
  for await (const { fact } of sluice.jobs.events({ jobId: id })) facts.push(fact);
  return facts;
}

const FLOOD = 20_000;

const PYTHON = `#!/usr/bin/env python3
import os, sluice_messages as messages
messages.log("by Python", level="WARNING")
messages.materialization("tides", {"rows": 3, "at": {"type": "url", "raw_value": "http://a"}}, "v1")
messages.check("tides", "no gaps", passed=False, severity="WARN", metadata={"gaps": 0.5})
messages.custom({"task": os.environ.get("SLURM_ARRAY_TASK_ID")})
`;

const DENO = `
const messages = await import(\`\${Deno.env.get("SLUICE_HELPERS")}/sluice_messages.ts\`);
messages.log("by Deno", "WARNING");
messages.materialization("tides", { rows: 3, at: { type: "url", raw_value: "http://a" } }, "v1");
messages.check("tides", "no gaps", false, "WARN", { gaps: 0.5 });
messages.custom({ task: null });
`;

/** What either helper says. */
const SAID: readonly Message[] = [
  {
    kind: "materialization",
    assetKey: "tides",
    dataVersion: "v1",
    metadata: { rows: { type: "int", value: 3 }, at: { type: "url", value: "http://a" } },
  },
  {
    kind: "check",
    assetKey: "tides",
    name: "no gaps",
    passed: false,
    severity: "WARN",
    metadata: { gaps: { type: "float", value: 0.5 } },
  },
];

Deno.test("tasks, components, steps, attempts and floods are heard to their ends", async (test) => {
  const deno = await denoOnNodes();
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const messages = {};
  const script = (text: string) => ({ kind: "script" as const, script: `#!/bin/sh\n${text}\n` });
  const parts: Parts = {
    "each task of an array": async () => {
      const text = `${SAY}\nsay "task $SLURM_ARRAY_TASK_ID"`;
      const facts = await factsOf(sluice, { payload: script(text), messages, count: 3 });
      assert.deepEqual(byTask(facts), {
        0: ["task 0", "ended"],
        1: ["task 1", "ended"],
        2: ["task 2", "ended"],
        all: ["ended"],
      });
    },
    "a component that has something to say, beside one that has not": async () => {
      const facts = await factsOf(sluice, {
        payload: script('[ -z "${SLUICE_MESSAGES:-}" ]'),
        components: [{ payload: script(`${SAY}\nsay "component $SLUICE_COMPONENT"`), messages }],
      });
      assert.deepEqual(byTask(facts), {
        0: ["ended"],
        1: ["component 1", "ended"],
        all: ["ended"],
      });
    },
    "a step of a session": async () => {
      const resources = { memory: 100, time: 5 };
      await using session = await sluice.sessions.hold({ cluster: DEV, resources });
      const text = `${SAY}\nsay "step of $SLUICE_ATTEMPT"`;
      const facts = await factsOf(sluice, {
        payload: script(text),
        messages,
        session: session.id,
      });
      assert.deepEqual(byTask(facts), { all: ["step of 1", "ended"] });
    },
    "an attempt that is killed in the middle of a word, and the next": async () => {
      const text = [
        SAY,
        'say "attempt $SLUICE_ATTEMPT"',
        'if [ "$SLUICE_ATTEMPT" = 1 ]; then printf torn >>"$SLUICE_MESSAGES"; kill -9 $$; fi',
      ].join("\n");
      const retry = { times: 1, delaySeconds: 0 };
      const facts = await factsOf(sluice, { payload: script(text), messages, retry });
      const told = facts.flatMap((fact) => {
        if (fact.type === "message" && fact.message.kind === "unreadable") {
          return [fact.message.text];
        }
        return fact.type === "attempt_ended" ? [fact.type] : byTask([fact])["all"] ?? [];
      });
      assert.deepEqual(told, ["attempt 1", "torn", "attempt_ended", "attempt 2", "ended"]);
    },
    "a flood": async () => {
      const text = `i=0
while [ $i -lt ${FLOOD} ]; do
  i=$((i + 1))
  echo '{"__dagster_pipes_version":"0.1","method":"report_custom_message","params":{"payload":'$i'}}'
done >>"$SLUICE_MESSAGES"`;
      const facts = await factsOf(sluice, { payload: script(text), messages });
      const told = facts.flatMap((fact) =>
        fact.type === "message" && fact.message.kind === "custom" ? [fact.message.payload] : []
      );
      assert.equal(told.length, FLOOD);
      assert.ok(told.every((payload, index) => payload === index + 1));
      assert.equal(facts.at(-1)?.type, "ended");
    },
    "the helpers for Python and Deno": async () => {
      const environment = { DENO_NO_UPDATE_CHECK: "1" };
      const [python, typescript] = await Promise.all([
        factsOf(sluice, { payload: { kind: "script", script: PYTHON }, messages }),
        factsOf(sluice, {
          payload: { kind: "command", command: [deno, "eval", "--quiet", DENO] },
          messages,
          environment,
        }),
      ]);
      for (const [facts, name] of [[python, "Python"], [typescript, "Deno"]] as const) {
        const told = facts.flatMap((fact) => fact.type === "message" ? [fact.message] : []);
        assert.deepEqual(told, [
          { kind: "log", level: "WARNING", text: `by ${name}` },
          ...SAID,
          { kind: "custom", payload: { task: null } },
        ]);
      }
    },
  };
  await runSideBySide(test, parts);
});

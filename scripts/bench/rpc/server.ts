/**
 * The servers of the benchmark in a process of their own: ours over a journal, and the bare one.
 *
 * @module
 */

import { FakeSluice } from "../../../rpc/testing/fake_sluice.ts";
import { serve } from "../../../rpc/mod.ts";
import type { z } from "zod";
import { serveBare } from "./bare.ts";
import { answerLines, now, say } from "./lines.ts";
import type { doneSchema, listeningSchema } from "./protocol.ts";
import { serverQuestionSchema } from "./protocol.ts";
import { JournalWorld } from "./world.ts";

const [path] = Deno.args;
if (path === undefined) throw new Error("usage: server.ts JOURNAL");

const world = await JournalWorld.open(path);
const token = crypto.randomUUID();
const bare = serveBare();
const server = serve(world.api(new FakeSluice()), { token, port: 0, graceMs: 500 });
say(
  { ours: server.url, bare: bare.url, token, jobId: world.jobId } satisfies z.infer<
    typeof listeningSchema
  >,
);
await answerLines(async (line): Promise<z.infer<typeof doneSchema>> => {
  const question = serverQuestionSchema.parse(line);
  const at = now();
  switch (question.do) {
    case "append":
      return { id: await world.append(), at };
    case "write": {
      bare.write(new TextEncoder().encode(question.bytes));
      return { id: question.id, at };
    }
  }
});
Deno.exit();

/**
 * Appends to a journal until it is killed, and prints the id of each event once it is stored. For the
 * test of a crash.
 *
 * @module
 */

import { Journal } from "../journal.ts";
import { SampleJob } from "./sample_journal.ts";

const [path] = Deno.args;
if (path === undefined) throw new Error("name the journal");
using journal = Journal.open({ path });
for (let n = 0;; n++) {
  const job = new SampleJob(n);
  for (const event of await journal.append([job.accepted(), job.step()])) {
    console.log(event.id);
  }
}

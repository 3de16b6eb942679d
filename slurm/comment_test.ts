import { equal } from "node:assert/strict";
import { attemptId, newJobId } from "../model/mod.ts";
import { parseComment, sluiceComment } from "./comment.ts";

Deno.test("a comment gives back the id that it was made of", () => {
  const id = attemptId(newJobId(), 1);
  equal(parseComment(sluiceComment(id)), id);
});

Deno.test("other comments are not Sluice's", () => {
  const id = attemptId(newJobId(), 1);
  for (const comment of ["", "sluice:", "sluice:x", id, `x sluice:${id}`, `sluice:${id} `]) {
    equal(parseComment(comment), undefined, comment);
  }
});

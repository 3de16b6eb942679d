import { equal } from "node:assert/strict";
import { attemptId, newJobId } from "../model/mod.ts";
import { parseComment, sluiceComment } from "./comment.ts";

Deno.test("a comment gives back the id that it was made of", () => {
  const id = attemptId(newJobId(), 1);
  equal(parseComment(sluiceComment(id)), id);
});

Deno.test("the comment of a component gives the attempt, and is found as no other's", () => {
  const id = attemptId(newJobId(), 2);
  equal(sluiceComment(id, 0), sluiceComment(id));
  equal(parseComment(sluiceComment(id, 12)), id);
  equal(`${sluiceComment(id, 1)} `.startsWith(`${sluiceComment(id)} `), false);
});

Deno.test("other comments are not Sluice's", () => {
  const id = attemptId(newJobId(), 1);
  for (const comment of ["", "sluice:", "sluice:x", id, `x sluice:${id}`, `sluice:${id} `]) {
    equal(parseComment(comment), undefined, comment);
  }
});

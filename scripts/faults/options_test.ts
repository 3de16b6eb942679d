import assert from "node:assert/strict";
import { parseOptions } from "./options.ts";

const known = ["sshd", "cut-all"];

Deno.test("the command line is read, in either form and any order", () => {
  assert.deepEqual(
    parseOptions(["--fault", "sshd", "--seed=7", "--json", "--fault=sshd"], known, 1),
    { kind: "run", options: { seed: 7, faults: ["sshd"] }, json: true },
  );
  assert.deepEqual(parseOptions(["--rounds", "3"], known, 1), {
    kind: "run",
    options: { seed: 1, faults: [], rounds: 3 },
    json: false,
  });
});

Deno.test("what is not understood is refused", () => {
  for (
    const args of [
      ["--fault", "storm"],
      ["--fault"],
      ["--seed", "x"],
      ["--seed", "4294967296"],
      ["--rounds", "0"],
      ["--rounds"],
      ["sshd"],
      ["--all"],
    ]
  ) assert.equal(parseOptions(args, known, 1).kind, "wrong", args.join(" "));
});

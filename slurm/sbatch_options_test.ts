import { equal, ok } from "node:assert/strict";
import {
  isSbatchOption,
  nearestOption,
  optionOfLetter,
  optionValue,
  sbatchOptions,
} from "./sbatch_options.ts";
import { testdataText } from "./testing/captured.ts";

Deno.test("every long option that the installed sbatch takes is known", () => {
  const listed = [...testdataText("sbatch-long-options.txt").matchAll(/'--([a-z][a-z-]+)'/g)]
    .map((match) => match[1] ?? "");
  ok(listed.length > 80);
  for (const name of listed) ok(isSbatchOption(name), name);
});

Deno.test("every option in sbatch's help is known, with its letter and its value", () => {
  const help = testdataText("sbatch-help.txt");
  const lines = [...help.matchAll(/^ {2}(?:-(\w), +|-(\w) +| +)--([a-z-]+)(\[?=)?/gm)];
  ok(lines.length > 70);
  for (const [, letter, other, name = "", value] of lines) {
    ok(isSbatchOption(name), name);
    const short = letter ?? other;
    if (short !== undefined) equal(optionOfLetter(short), name);
    // The help leaves out the value of --container, and of options whose value is optional.
    if (value === "=") equal(optionValue(name), "required", name);
  }
});

Deno.test("options are in alphabetical order, so that a new one has its place", () => {
  equal(sbatchOptions.join(), [...sbatchOptions].sort().join());
});

Deno.test("a name that is near to none has no neighbour", () => {
  equal(nearestOption("zzzzzzzz"), undefined);
  equal(nearestOption("x"), undefined);
});

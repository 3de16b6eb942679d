import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { isSluiceErrorWith } from "../model/testing/sluice_error.ts";
import type { SbatchRequest } from "./sbatch.ts";
import { sbatchArguments } from "./sbatch.ts";
import { isSbatchOption, optionValue, reservedOption, sbatchOptions } from "./sbatch_options.ts";

const request: SbatchRequest = {
  name: "train",
  comment: "sluice:x",
  directory: "/home/ada/.sluice/x",
  output: "/home/ada/.sluice/x/stdout",
  error: "/home/ada/.sluice/x/stderr",
  resources: {},
  options: {},
  script: "/home/ada/.sluice/x/batch.sh",
};

Deno.test("a plain job", () => {
  deepEqual(sbatchArguments(request), [
    "sbatch",
    "--parsable",
    "--ignore-pbs",
    "--job-name=train",
    "--comment=sluice:x",
    "--chdir=/home/ada/.sluice/x",
    "--input=/dev/null",
    "--output=/home/ada/.sluice/x/stdout",
    "--error=/home/ada/.sluice/x/stderr",
    "--open-mode=append",
    "--",
    "/home/ada/.sluice/x/batch.sh",
  ]);
});

Deno.test("every resource has its option", () => {
  const words = sbatchArguments({
    ...request,
    resources: {
      nodes: "2-4",
      tasks: 8,
      tasksPerNode: 2,
      cpusPerTask: 4,
      memory: "4G",
      memoryPerCpu: 500,
      gpus: "a100:2",
      gpusPerNode: 1,
      time: "1-00",
      partition: "debug,gpu",
      account: "physics",
      qos: "high",
      constraint: "skylake&ib",
      reservation: "class",
      nodeList: "n[1-2]",
      exclude: "n4",
      exclusive: "user",
      begin: "now+1hour",
      dependency: "afterok:123",
      array: "0-9%2",
    },
  });
  deepEqual(words.slice(words.indexOf("--open-mode=append") + 1, words.indexOf("--")), [
    "--nodes=2-4",
    "--ntasks=8",
    "--ntasks-per-node=2",
    "--cpus-per-task=4",
    "--mem=4G",
    "--mem-per-cpu=500",
    "--gpus=a100:2",
    "--gpus-per-node=1",
    "--time=1-00",
    "--partition=debug,gpu",
    "--account=physics",
    "--qos=high",
    "--constraint=skylake&ib",
    "--reservation=class",
    "--nodelist=n[1-2]",
    "--exclude=n4",
    "--exclusive=user",
    "--begin=now+1hour",
    "--dependency=afterok:123",
    "--array=0-9%2",
  ]);
  ok(sbatchArguments({ ...request, resources: { exclusive: true } }).includes("--exclusive"));
  ok(!sbatchArguments({ ...request, resources: { exclusive: false } }).includes("--exclusive"));
});

Deno.test("other options go by their names", () => {
  const words = sbatchArguments({
    ...request,
    options: { "mail-type": "END", requeue: true, hold: false, nice: 10, propagate: true },
  });
  deepEqual(words.slice(10, -2), ["--mail-type=END", "--requeue", "--nice=10", "--propagate"]);
});

Deno.test("resources that Slurm would not understand are refused before anything is sent", () => {
  const codes = {
    INVALID_TIME_LIMIT: { time: "forever" },
    INVALID_MEMORY: { memory: "lots" },
    INVALID_ARRAY: { array: "1,1" },
  };
  for (const [code, resources] of Object.entries(codes)) {
    throws(() => sbatchArguments({ ...request, resources }), isSluiceErrorWith(code));
  }
  throws(
    () => sbatchArguments({ ...request, maxArraySize: 5, resources: { array: "0-5" } }),
    isSluiceErrorWith("INVALID_ARRAY"),
  );
});

Deno.test("options that Sluice sets itself are refused with what to use", () => {
  const reserved = sbatchOptions.filter((option) => reservedOption(option) !== undefined);
  for (const name of ["output", "error", "comment", "array", "time", "parsable", "wrap", "wait"]) {
    ok(reserved.some((option) => option === name), name);
  }
  for (const name of reserved) {
    throws(() => sbatchArguments({ ...request, options: { [name]: "1" } }), (error) => {
      return isSluiceErrorWith("RESERVED_OPTION")(error) && error instanceof Error &&
        error.message.includes(`--${name}`);
    });
  }
});

Deno.test("an option that sbatch does not have is refused with the nearest that it has", () => {
  const nearest = { "mailtype": "mail-type", "requeu": "requeue", "mail_user": "mail-user" };
  for (const [name, meant] of Object.entries(nearest)) {
    throws(
      () => sbatchArguments({ ...request, options: { [name]: "1" } }),
      isSluiceErrorWith("UNKNOWN_OPTION", `Did you mean \`${meant}\`?`),
    );
  }
  throws(
    () => sbatchArguments({ ...request, options: { "unlike-any-other-option": "1" } }),
    isSluiceErrorWith("UNKNOWN_OPTION", "man sbatch"),
  );
  throws(
    () => sbatchArguments({ ...request, options: { "constructor": "1" } }),
    isSluiceErrorWith("UNKNOWN_OPTION"),
  );
});

Deno.test("options of heterogeneous jobs are refused with where components belong", () => {
  for (const name of ["het-group", "hetjob", "packjob"]) {
    throws(
      () => sbatchArguments({ ...request, options: { [name]: true } }),
      isSluiceErrorWith("RESERVED_OPTION", "`components`"),
    );
  }
});

Deno.test("a missing or needless value is refused", () => {
  for (const options of [{ "mail-type": true }, { requeue: "yes" }, { requeue: 1 }]) {
    throws(() => sbatchArguments({ ...request, options }), isSluiceErrorWith("OPTION_VALUE"));
  }
});

Deno.test("no value becomes an option or a word of its own", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary-ascii" }),
    fc.constantFrom("--wrap=x", "-", "--", "-x", "a b", "", "\n", "--parsable"),
  );
  const free = sbatchOptions.filter((option) => {
    return reservedOption(option) === undefined && optionValue(option) === "required";
  });
  fc.assert(fc.property(
    hostile,
    hostile,
    fc.constantFrom(...free),
    fc.array(hostile),
    (name, value, option, words) => {
      const all = sbatchArguments({
        ...request,
        name,
        resources: { partition: value, constraint: value, begin: value },
        options: { [option]: value },
        script: value,
        arguments: words,
      });
      const end = all.indexOf("--");
      deepEqual(all.slice(end), ["--", value, ...words]);
      const allowed = new Set([
        "parsable",
        "ignore-pbs",
        "job-name",
        "comment",
        "chdir",
        "input",
        "output",
        "error",
        "open-mode",
        "partition",
        "constraint",
        "begin",
        option,
      ]);
      for (const word of all.slice(1, end)) {
        const given = /^--([a-z-]+)(?:=|$)/.exec(word)?.[1] ?? "";
        ok(isSbatchOption(given) && allowed.has(given), word);
      }
      equal(all.slice(1, end).length, allowed.size);
    },
  ));
});

Deno.test("a signal before the time limit goes to the batch script, and is asked for in one place", () => {
  const signalBeforeLimit = { signal: "USR2", seconds: 90 } as const;
  ok(sbatchArguments({ ...request, signalBeforeLimit }).includes("--signal=B:USR2@90"));
  throws(
    () => sbatchArguments({ ...request, signalBeforeLimit, options: { signal: "B:USR1@10" } }),
    isSluiceErrorWith("RESERVED_OPTION"),
  );
  ok(sbatchArguments({ ...request, options: { signal: "USR1@10" } }).includes("--signal=USR1@10"));
});

Deno.test("each component is asked for behind a colon, with its own name, mark and resources", () => {
  const words = sbatchArguments({
    ...request,
    resources: { nodes: 1 },
    directives: ["--tmp=1G"],
    signalBeforeLimit: { signal: "USR1", seconds: 60 },
    components: [
      { name: "two", comment: "sluice:x+1", directives: ["--tmp=2G"], resources: { gpus: 1 } },
      { name: "three", comment: "sluice:x+2", directives: [], resources: {} },
    ],
  });
  deepEqual(words.slice(words.indexOf("--tmp=1G")), [
    "--tmp=1G",
    "--nodes=1",
    "--signal=USR1@60",
    ":",
    "--job-name=two",
    "--comment=sluice:x+1",
    "--tmp=2G",
    "--gpus=1",
    "--signal=USR1@60",
    ":",
    "--job-name=three",
    "--comment=sluice:x+2",
    "--signal=USR1@60",
    "--",
    ...words.slice(words.indexOf("--") + 1),
  ]);
});

Deno.test("the resources of each component are checked", () => {
  const component = { name: "two", comment: "", directives: [], resources: { time: "forever" } };
  throws(
    () => sbatchArguments({ ...request, components: [component] }),
    isSluiceErrorWith("INVALID_TIME_LIMIT"),
  );
});

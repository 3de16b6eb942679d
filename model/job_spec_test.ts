import assert from "node:assert/strict";
import fc from "fast-check";
import { arrayOf, inputIssues, issuesText, jobNameSchema, jobSpecSchema } from "./mod.ts";

const minimal = { cluster: "here", payload: { kind: "command", command: ["true"] } };

/** What is wrong with a spec, as users read it; empty when nothing is. */
function trouble(spec: unknown): string {
  const parsed = jobSpecSchema.safeParse(spec);
  return parsed.success ? "" : issuesText(inputIssues(parsed.error));
}

Deno.test("what may be left out is filled in", () => {
  assert.deepEqual(jobSpecSchema.parse(minimal), {
    ...minimal,
    name: "sluice",
    launcher: { kind: "bash" },
    software: { kind: "none" },
    environment: {},
    inputs: {},
    outputs: {},
    before: [],
    after: [],
    bashrc: false,
    srun: false,
    wrapper: [],
    resources: {},
    options: {},
    labels: {},
  });
});

for (
  const [what, name] of Object.entries({
    "nothing": "",
    "a line end": "a\nb",
    "a carriage return": "a\rb",
    "a single quote": "it's",
    "a double quote": 'say "x"',
    "a command substitution": "$(id)",
    "a backquote": "`id`",
    "a backslash": "a\\b",
    "an escape": "\x1b[31m",
    "a NUL": "a\0b",
    "a lone surrogate": "a\ud800b",
    "the mark of bytes that were no UTF-8": "a\ufffdb",
    "a line separator": "a\u2028b",
    "more than 200 characters": "x".repeat(201),
  })
) {
  Deno.test(`a job's name with ${what} is refused with the field and the rule`, () => {
    const words = trouble({ ...minimal, name });
    assert.match(words, /^name: a job name must|^name:? (must have|a job name)/);
    if (name.length > 0) assert.ok(!words.includes(name), "the value is not repeated");
  });
}

Deno.test("names that people give to jobs are taken as they are", () => {
  for (const name of ["train 7", "a|b", "RUNNING", "été-日本", "x;y&z", "#1 (50%)", "-n"]) {
    assert.equal(jobNameSchema.parse(name), name);
  }
});

Deno.test("arrays are Slurm's lists of task numbers and nothing else", () => {
  for (const array of ["0", "0-19", "1,3,5", "0-100:10", "0-99%5", "1,5-7:2,9%1"]) {
    assert.equal(trouble({ ...minimal, resources: { array } }), "", array);
  }
  for (const array of ["", "a", "-1", "1-", "1--2", "1,", "%5", "1%", "1 2", "0-9\n", "1;2"]) {
    assert.match(trouble({ ...minimal, resources: { array } }), /^resources\.array/, array);
  }
});

Deno.test("text that no C string can carry is refused wherever it stands", () => {
  for (const bad of ["a\0b", "a\udc00"]) {
    const cases = [
      { payload: { kind: "command", command: ["echo", bad] } },
      { payload: { kind: "script", script: `#!/bin/sh\n${bad}` } },
      { payload: { kind: "script", script: "#!/bin/sh\n", arguments: [bad] } },
      { environment: { A: bad } },
      { workingDirectory: `/${bad}` },
      { options: { "mail-user": bad } },
      { resources: { constraint: bad } },
    ];
    for (const part of cases) {
      assert.match(trouble({ ...minimal, ...part }), /must (not hold a NUL|be valid Unicode)/);
    }
  }
});

Deno.test("words for Slurm hold nothing that a shell or a site's script could read", () => {
  const names = ["partition", "account", "qos", "reservation", "nodeList", "exclude", "dependency"];
  for (const name of names) {
    for (const bad of ["", "a b", "a\nb", "$(id)", "`id`", "it's", '"', "\\", "\x1f", "\ud800"]) {
      assert.notEqual(trouble({ ...minimal, resources: { [name]: bad } }), "", `${name} ${bad}`);
    }
  }
});

Deno.test("variables are named as shells name them", () => {
  assert.equal(trouble({ ...minimal, environment: { A_1: "", _: "x" } }), "");
  for (const name of ["", "1A", "A-B", "A B", "A=B", "é", "A\n"]) {
    assert.match(trouble({ ...minimal, environment: { [name]: "x" } }), /environment/, name);
  }
});

Deno.test("a working directory is absolute or below the home directory", () => {
  for (const workingDirectory of ["/", "~", "~/a b", "/data/it's"]) {
    assert.equal(trouble({ ...minimal, workingDirectory }), "");
  }
  for (const workingDirectory of ["", "a", "./a", "~ada/x", "$HOME"]) {
    assert.match(trouble({ ...minimal, workingDirectory }), /^workingDirectory/);
  }
});

Deno.test("options are named as sbatch's long form", () => {
  assert.equal(
    trouble({ ...minimal, options: { "mail-type": "END", requeue: true, nice: 5 } }),
    "",
  );
  for (const name of ["--requeue", "Mail", "a b", "x=y", "", "-p"]) {
    assert.match(trouble({ ...minimal, options: { [name]: true } }), /options/, name);
  }
});

Deno.test("a field that does not exist is named", () => {
  assert.match(trouble({ ...minimal, resources: { cpus: 3 } }), /resources\.cpus/);
  assert.match(trouble({ ...minimal, script: "x" }), /script/);
  assert.match(
    trouble({ ...minimal, payload: { kind: "command", command: ["x"], shell: true } }),
    /payload\.shell/,
  );
});

Deno.test("what was parsed once is the same when it is parsed again", () => {
  const value = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1 }).filter(([first]) => first !== ""),
      fc.dictionary(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]*$/), value),
      (command, environment) => {
        const spec = jobSpecSchema.parse({
          ...minimal,
          payload: { kind: "command", command },
          environment,
        });
        assert.deepEqual(jobSpecSchema.parse(JSON.parse(JSON.stringify(spec))), spec);
        assert.deepEqual(spec.payload, { kind: "command", command });
      },
    ),
  );
});

Deno.test("so many copies are an array from 0 on, and not together with numbers of one's own", () => {
  assert.equal(arrayOf(jobSpecSchema.parse({ ...minimal, count: 200 })), "0-199");
  assert.equal(arrayOf(jobSpecSchema.parse({ ...minimal, count: 1 })), "0-0");
  const array = "3,5%1";
  assert.equal(arrayOf(jobSpecSchema.parse({ ...minimal, resources: { array } })), array);
  assert.equal(arrayOf(jobSpecSchema.parse(minimal)), undefined);
  assert.match(trouble({ ...minimal, count: 2, resources: { array } }), /^count: says the same/m);
  for (const count of [0, -1, 1.5, "2", 100_001]) {
    assert.match(trouble({ ...minimal, count }), /^count:? must be/m, `${count}`);
  }
});

Deno.test("a heterogeneous job is no array, no step, no session, and is not tried again", () => {
  const components = [{ payload: minimal.payload }];
  assert.equal(trouble({ ...minimal, components }), "");
  const wrong = {
    count: { count: 2 },
    array: { resources: { array: "0-1" } },
    retry: { retry: { times: 1 } },
    session: { session: "nightly" },
    allocation: { payload: { kind: "allocation" } },
  };
  for (const [what, part] of Object.entries(wrong)) {
    assert.notEqual(trouble({ ...minimal, components, ...part }), "", what);
  }
  for (const resources of [{ array: "0-1" }, { begin: "now+1hour" }, { dependency: "afterok:1" }]) {
    assert.match(
      trouble({ ...minimal, components: [{ ...components[0], resources }] }),
      /resources/,
    );
  }
});

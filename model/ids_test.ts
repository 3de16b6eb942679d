import assert from "node:assert/strict";
import fc from "fast-check";
import {
  attemptId,
  attemptIdSchema,
  attemptParts,
  clusterNameSchema,
  jobIdSchema,
  newJobId,
  schedulerIdSchema,
  uuidv7,
} from "./mod.ts";

const times = fc.integer({ min: 0, max: 2 ** 48 - 1 });

Deno.test("a new id is a UUID of version 7 and the RFC's variant, whatever the random bits", () => {
  fc.assert(
    fc.property(times, fc.uint8Array({ minLength: 16, maxLength: 16 }), (now, random) => {
      const id = uuidv7(now, (target) => {
        target.set(random);
        return target;
      });
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.equal(parseInt(id.replaceAll("-", "").slice(0, 12), 16), now);
      assert.ok(jobIdSchema.safeParse(id).success);
    }),
  );
});

Deno.test("ids sort as their times do", () => {
  fc.assert(fc.property(times, times, (a, b) => {
    fc.pre(a !== b);
    assert.equal(uuidv7(a) < uuidv7(b), a < b);
  }));
});

Deno.test("the random bits of the RFC's example give the RFC's example", () => {
  // RFC 9562, appendix A.6.
  const random = [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
  const id = uuidv7(0x017f22e279b0, (target) => {
    target.set(random, 6);
    return target;
  });
  assert.equal(id, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
});

Deno.test("ids made in the same millisecond differ", () => {
  const ids = Array.from({ length: 1000 }, () => newJobId(1_800_000_000_000));
  assert.equal(new Set(ids).size, 1000);
});

Deno.test("only a UUID of version 7 is a job's id", () => {
  const good = newJobId();
  for (const bad of ["", "12", `${good} `, good.slice(1), crypto.randomUUID()]) {
    assert.ok(!jobIdSchema.safeParse(bad).success, bad);
  }
});

Deno.test("an attempt's id names its job and its number, and no other text is one", () => {
  const job = newJobId();
  for (const attempt of [1, 2, 10, 101]) {
    const id = attemptId(job, attempt);
    assert.equal(id, attempt === 1 ? job : `${job}.${attempt}`);
    assert.deepEqual(attemptParts(id), { jobId: job, attempt });
  }
  const bad = [
    "",
    `${job}.`,
    `${job}.0`,
    `${job}.1`,
    `${job}.02`,
    `${job}.2x`,
    crypto.randomUUID(),
  ];
  for (const text of bad) assert.ok(!attemptIdSchema.safeParse(text).success, text);
});

Deno.test("Slurm's ids of arrays, tasks and components are ids; words with blanks are not", () => {
  for (const id of ["12", "12_4", "12+1", "P4711"]) {
    assert.ok(schedulerIdSchema.safeParse(id).success, id);
  }
  for (const id of ["", "1 2", "12\n", "$(id)", "a/b", "1;rm", "1".repeat(129)]) {
    assert.ok(!schedulerIdSchema.safeParse(id).success, id);
  }
});

Deno.test("a cluster's name can stand in a path, an address and a command", () => {
  for (const name of ["a", "daint.cscs", "lab-2_x"]) {
    assert.ok(clusterNameSchema.safeParse(name).success, name);
  }
  for (const name of ["", "-a", ".a", "a b", "a/b", "ä", "a\n", "x".repeat(64)]) {
    assert.ok(!clusterNameSchema.safeParse(name).success, name);
  }
});

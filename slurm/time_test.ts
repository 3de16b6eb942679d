import { equal, throws } from "node:assert/strict";
import fc from "fast-check";
import {
  formatTimeLimit,
  InvalidTimeLimitError,
  parseDuration,
  parseEpoch,
  parseTimeLimit,
} from "./time.ts";

Deno.test("every form of sbatch's time limit is read", () => {
  const forms: readonly (readonly [string | number, number | "unlimited"])[] = [
    [30, 1800],
    ["30", 1800],
    ["5:30", 330],
    ["90:00", 5400],
    ["1:02:03", 3723],
    ["2-3", 183_600],
    ["2-03:04", 183_840],
    ["2-03:04:05", 183_845],
    ["0", "unlimited"],
    ["0:00", "unlimited"],
    ["unlimited", "unlimited"],
    ["INFINITE", "unlimited"],
    ["-1", "unlimited"],
  ];
  for (const [form, seconds] of forms) equal(parseTimeLimit(form), seconds, String(form));
});

Deno.test("anything else is refused with the forms that are allowed", () => {
  for (
    const value of [
      "forever",
      "",
      "1h",
      "1.5",
      "-5",
      "1:2:3:4",
      "1-",
      "1-2:3:4:5",
      "99999999999",
      "5 ",
      "100000-0",
    ]
  ) {
    throws(() => parseTimeLimit(value), (error) => {
      return error instanceof InvalidTimeLimitError && error.code === "INVALID_TIME_LIMIT" &&
        error.next.includes("D-HH:MM:SS") && error.message.includes(JSON.stringify(value));
    });
  }
  for (const value of [-1, 1.5, NaN, Infinity]) {
    throws(() => parseTimeLimit(value), InvalidTimeLimitError);
  }
});

Deno.test("a formatted limit reads back as itself", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 31 - 60 }), (seconds) => {
    equal(parseTimeLimit(formatTimeLimit(seconds)), seconds);
  }));
  equal(parseTimeLimit(formatTimeLimit("unlimited")), "unlimited");
});

Deno.test("reading a limit gives a number, or the typed error", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    try {
      parseTimeLimit(text);
    } catch (error) {
      equal(error instanceof InvalidTimeLimitError, true);
    }
  }));
});

Deno.test("durations of sacct are read", () => {
  equal(parseDuration("00:01.500"), 1.5);
  equal(parseDuration("01:02:03"), 3723);
  equal(parseDuration("2-01:02:03"), 176_523);
  for (const text of ["", "INVALID", "Unknown", "5", "-00:01"]) {
    equal(parseDuration(text), undefined);
  }
});

Deno.test("times are read where there are any", () => {
  equal(parseEpoch("1700000000"), 1_700_000_000_000);
  for (
    const text of ["Unknown", "None", "N/A", "NONE", "", "0", "2024-01-01T00:00:00", undefined]
  ) {
    equal(parseEpoch(text), undefined);
  }
});

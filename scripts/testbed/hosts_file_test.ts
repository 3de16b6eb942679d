import assert from "node:assert/strict";
import { withoutTestbedHosts, withTestbedHosts } from "./hosts_file.ts";

const ORIGINAL = "127.0.0.1 localhost\n10.0.0.5 n1 # of someone else\n";

Deno.test("removing the names gives back the file as it was, to the byte", () => {
  for (const text of ["", "127.0.0.1 localhost", ORIGINAL]) {
    assert.equal(withoutTestbedHosts(withTestbedHosts(text)), text);
  }
});

Deno.test("adding the names twice adds them once", () => {
  const once = withTestbedHosts(ORIGINAL);
  assert.equal(withTestbedHosts(once), once);
});

Deno.test("the cluster's names come before those of others", () => {
  const lines = withTestbedHosts(ORIGINAL).split("\n");
  assert.equal(lines.find((line) => /\bn1\b/.test(line)), "10.77.0.11 n1");
  assert.ok(lines.includes("10.77.0.1 ctl"));
});

Deno.test("a file without the names is left alone", () => {
  assert.equal(withoutTestbedHosts(ORIGINAL), ORIGINAL);
});

Deno.test("blocks that were added twice are all removed", () => {
  const block = withTestbedHosts("");
  assert.equal(withoutTestbedHosts(block + ORIGINAL + block), ORIGINAL);
});

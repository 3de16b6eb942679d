import assert from "node:assert/strict";
import { nearestName } from "./nearest_name.ts";

const known = ["host", "port", "user", "keyFile", "proxyJump", "remoteDirectory"];

Deno.test("a misspelt name finds the one that was meant", () => {
  assert.equal(nearestName("hots", known), "host");
  assert.equal(nearestName("prot", known), "port");
  assert.equal(nearestName("remotedirectory", known), "remoteDirectory");
  assert.equal(nearestName("key_file", known), "keyFile");
  assert.equal(nearestName("proxy-jmp", known), "proxyJump");
});

Deno.test("a name unlike all others finds none", () => {
  assert.equal(nearestName("banana", known), undefined);
  assert.equal(nearestName("x", []), undefined);
});

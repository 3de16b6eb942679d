import assert from "node:assert/strict";
import { TestbedError } from "./errors.ts";
import { nodeNamed, testbedLayout } from "./layout.ts";

Deno.test("every path of the layout is under the state directory", () => {
  const { dir, ...paths } = testbedLayout("/run/some-dir");
  assert.equal(dir, "/run/some-dir");
  for (const path of Object.values(paths)) assert.match(path, /^\/run\/some-dir\/[^/]/);
});

Deno.test("a directory that configuration files or sockets cannot take is refused", () => {
  const refused = [
    "",
    "/",
    "/var",
    "relative/dir",
    "/var/with space",
    "/var/../etc",
    "/var/lib/",
    "/var/a#b",
    "/var/[a]",
    "/var/a\nb",
    `/var/${"x".repeat(70)}`,
  ];
  for (const dir of refused) {
    assert.throws(
      () => testbedLayout(dir),
      (error) => error instanceof TestbedError && error.code === "TESTBED_DIR_INVALID",
      JSON.stringify(dir),
    );
  }
});

Deno.test("a node is found by its name, and an unknown one is a usage error", () => {
  assert.deepEqual(nodeNamed("n3"), {
    name: "n3",
    address: "10.77.0.13",
    netns: "sluice-n3",
    link: "sl0-n3",
  });
  assert.throws(() => nodeNamed("n9"), { code: "TESTBED_USAGE" });
});

import assert from "node:assert/strict";
import { daemonList, daemonNamed, placed } from "./daemon_list.ts";
import { testbedLayout } from "./layout.ts";

const layout = testbedLayout("/srv/bed");

Deno.test("what a daemon needs is started before it", () => {
  const names = daemonList(layout).map(({ name }) => name);
  const order = ["munged", "mariadbd", "slurmdbd", "slurmctld", "slurmd:n1", "sshd"];
  assert.deepEqual(names.filter((name) => order.includes(name)), order);
});

Deno.test("no two daemons share a name, a pid file or an output file", () => {
  const daemons = daemonList(layout);
  for (const key of ["name", "pidFile", "output"] as const) {
    assert.equal(new Set(daemons.map((daemon) => daemon[key])).size, daemons.length, key);
  }
});

Deno.test("each node's daemons live in its namespace under its name", () => {
  for (const name of ["slurmd:n2", "sshd:n2"]) {
    const daemon = daemonNamed(layout, name);
    assert.equal(daemon.netns, "sluice-n2");
    assert.equal(daemon.hostname, "n2");
  }
});

Deno.test("an unknown daemon is a usage error that lists the known ones", () => {
  assert.throws(() => daemonNamed(layout, "slurmd"), { code: "TESTBED_USAGE", next: /slurmd:n1/ });
});

Deno.test("a placed command keeps its arguments apart from the script around it", () => {
  const command = ["slurmd", "-N", "a b; $(x)"];
  assert.deepEqual(placed(command, {}), command);
  const whole = placed(command, { netns: "sluice-n1", hostname: "n1" });
  assert.deepEqual(whole.slice(0, 2), ["nsenter", "--net=/run/netns/sluice-n1"]);
  assert.deepEqual(whole.slice(-4), ["n1", ...command]);
});

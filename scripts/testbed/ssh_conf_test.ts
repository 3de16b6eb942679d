import assert from "node:assert/strict";
import { testbedLayout } from "./layout.ts";
import { knownHosts, noisyProfile, sshdConf } from "./ssh_conf.ts";

const layout = testbedLayout("/srv/bed");
const text = sshdConf(layout, { address: "10.77.0.1", hostKeys: ["/k/a", "/k/b"] });

Deno.test("sshd listens on its own address only, with every host key", () => {
  const lines = text.split("\n");
  assert.deepEqual(lines.filter((line) => line.startsWith("ListenAddress")), [
    "ListenAddress 10.77.0.1",
  ]);
  assert.deepEqual(lines.filter((line) => line.startsWith("HostKey ")), [
    "HostKey /k/a",
    "HostKey /k/b",
  ]);
});

Deno.test("sessions find slurm.conf, and only the noisy account sees the banner", () => {
  const [all = "", noisy = ""] = text.split("Match User noisy\n");
  assert.ok(all.split("\n").includes("SetEnv SLURM_CONF=/srv/bed/etc/slurm.conf"));
  assert.doesNotMatch(all, /Banner/);
  assert.equal(noisy, "  Banner /srv/bed/etc/banner\n");
});

Deno.test("known_hosts has a line for each key of each host, without the keys' comments", () => {
  assert.equal(
    knownHosts([
      {
        address: "10.77.0.1",
        publicKeys: ["ssh-ed25519 AAAA a comment\n", "ssh-rsa BBBB other\n"],
      },
      { address: "10.77.0.11", publicKeys: ["ssh-ed25519 CCCC\n"] },
    ]),
    "[10.77.0.1]:2222 ssh-ed25519 AAAA\n[10.77.0.1]:2222 ssh-rsa BBBB\n" +
      "[10.77.0.11]:2222 ssh-ed25519 CCCC\n",
  );
});

Deno.test("a noisy profile prints to both streams", () => {
  const lines = noisyProfile(".bashrc").split("\n").filter((line) => line !== "");
  assert.ok(lines.some((line) => line.endsWith(">&2")));
  assert.ok(lines.some((line) => !line.endsWith(">&2")));
});

/**
 * What runs commands on the host: accounts, shells and quoting.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { commandLine, quote } from "../../shell/mod.ts";
import { clusterTest, connect, text, withTemporary } from "./support/ssh.ts";

clusterTest("noisy profiles and banners do no harm", async (facts) => {
  const { name } = facts.accounts.noisy;
  for (const login of [false, true]) {
    await using host = await connect(facts, { user: name, shell: { login } });
    const result = await host.run("echo clean; echo words >&2");
    assert.equal(text(result.stdout), "clean\n");
    assert.equal(text(result.stderr), "words\n");
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    await host.put(bytes, "noise-test");
    assert.deepEqual(await new Response(await host.get("noise-test")).bytes(), bytes);
    await host.remove("noise-test");
    await using stream = await host.stream("cat; echo $0");
    await stream.stdin.getWriter().close();
    assert.match(await new Response(stream.stdout).text(), /^\S+\n$/);
  }
});

clusterTest("accounts with a csh are served as well", async (facts) => {
  const { csh } = facts.accounts;
  if (csh === undefined) return;
  await using host = await connect(facts, { user: csh.name });
  const words = `it's "quoted" $HOME !! \\ \n * ~`;
  const result = await host.run(`printf %s ${quote(words)}; exit 4`);
  assert.equal(text(result.stdout), words);
  assert.equal(result.exitCode, 4);
  await host.put(new TextEncoder().encode(words), "csh !test");
  assert.equal(await new Response(await host.get("csh !test")).text(), words);
  await host.remove("csh !test");
  const stream = await host.stream("sleep 300");
  await stream.close();
});

clusterTest("every value survives quoting on the way to the host", async (facts) => {
  const { csh } = facts.accounts;
  for (const user of csh === undefined ? [facts.user] : [facts.user, csh.name]) {
    await using host = await connect(facts, { user });
    const word = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0"));
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 20 }), async (words) => {
        const command = commandLine(["printf", "%s\\000", ...words]);
        const { stdout } = await host.run(command);
        assert.deepEqual(text(stdout).split("\0").slice(0, -1), words);
      }),
      { numRuns: 40 },
    );
    await using stream = await host.stream(commandLine(["printf", "%s", `\\n'"!$(id)\n%b\\`]));
    assert.equal(await new Response(stream.stdout).text(), `\\n'"!$(id)\n%b\\`);
  }
});

clusterTest(
  "network access to the host and read access to two files are permission enough",
  async (facts) => {
    await withTemporary(async (directory) => {
      const root = new URL("../../", import.meta.url).href;
      const config = {
        type: "slurm",
        host: facts.host,
        port: facts.port,
        user: facts.user,
        auth: { keyFile: facts.keys.ed25519 },
        hostKeys: { knownHosts: facts.knownHosts },
      };
      const script = `${directory}/script.ts`;
      await Deno.writeTextFile(
        script,
        `import { connectSsh } from "${root}hosts/mod.ts";
      import { slurmClusterSchema } from "${root}model/mod.ts";
      const config = slurmClusterSchema.parse(${JSON.stringify(config)});
      await using host = await connectSsh(config);
      console.log((await host.run("exit 7")).exitCode);`,
      );
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-prompt",
          "--cached-only",
          "--config",
          new URL("deno.json", root).pathname,
          `--allow-net=${facts.host}:${facts.port}`,
          `--allow-read=${facts.keys.ed25519},${facts.knownHosts}`,
          script,
        ],
      }).output();
      assert.equal(text(stdout), "7\n", text(stderr));
    });
  },
);

clusterTest("the shell, its prelude and the path to Slurm are as configured", async (facts) => {
  await using host = await connect(facts, {
    shell: { command: "bash --noprofile", prelude: "module() { echo loaded; }; export SITE=here" },
    slurmPath: "/opt/slurm/bin",
  });
  const result = await host.run("echo $BASH_VERSION; echo $SITE; echo $PATH; module load x");
  const [version = "", site, path = "", module] = text(result.stdout).split("\n");
  assert.match(version, /^\d/);
  assert.equal(site, "here");
  assert.ok(path.startsWith("/opt/slurm/bin:"));
  assert.equal(module, "loaded");
});

clusterTest("commands are sent without waiting for the answers to earlier ones", async (facts) => {
  await using host = await connect(facts);
  const gate = `gate-${crypto.randomUUID()}`;
  await host.run("true");
  const first = host.run(`until [ -e ${gate} ]; do sleep 0.02; done`);
  const behind = Array.from({ length: 20 }, (_, index) => host.run(`echo ${index}`));
  assert.equal(host.commandsSent, 22);
  await host.run(`: > ${gate}`, { lane: "other" });
  await first;
  const answers = (await Promise.all(behind)).map((result) => text(result.stdout));
  assert.deepEqual(answers, Array.from({ length: 20 }, (_, index) => `${index}\n`));
  await host.remove(gate);
});

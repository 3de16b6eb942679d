/**
 * Hosts over SSH against a real OpenSSH server.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  AgentError,
  AuthenticationError,
  CommandTimeoutError,
  ConnectError,
  connectSsh,
  type ConnectSshOptions,
  DiskFullError,
  type Host,
  HostKeyChangedError,
  HostKeyRevokedError,
  HostKeyUnknownError,
  KeyFileError,
  KeyFormatError,
  LinkLostError,
  PassphraseError,
  ProxyJumpError,
  type SshEnvironment,
  systemEnvironment,
} from "../../hosts/mod.ts";
import { slurmClusterSchema } from "../../model/mod.ts";
import { commandLine, quote } from "../../shell/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import { requireTestbed } from "./require.ts";
import { CUTS_WITHIN_PACKETS } from "./support/cuts.ts";

const facts = await requireTestbed();

type Facts = typeof facts;
type ClusterInput = Parameters<typeof slurmClusterSchema.parse>[0] & Record<string, unknown>;

function clusterTest(
  name: string,
  body: (facts: Facts) => Promise<void>,
  options: { readonly sanitizeResources?: boolean } = {},
) {
  Deno.test({ name: `ssh: ${name}`, fn: () => body(facts), ...options });
}

/** Nothing of the user who runs the tests: no agent, no keys, no ssh_config. */
function environment(variables: Record<string, string> = {}): SshEnvironment {
  const all: Record<string, string> = { HOME: "/nonexistent", USER: "nobody", ...variables };
  return { ...systemEnvironment, variable: (name) => all[name] };
}

function connect(
  { host, port, user, knownHosts, keys }: Facts,
  overrides: Record<string, unknown> = {},
  options: ConnectSshOptions = {},
): Promise<Host> {
  const input: ClusterInput = {
    type: "slurm",
    host,
    port,
    user,
    auth: { keyFile: keys.ed25519 },
    hostKeys: { knownHosts },
    ...overrides,
  };
  return connectSsh(slurmClusterSchema.parse(input), { environment: environment(), ...options });
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

async function whoAmI(host: Host): Promise<string> {
  return text((await host.run("id -un")).stdout).trim();
}

async function withTemporary(body: (directory: string) => Promise<void>) {
  const directory = await Deno.makeTempDir();
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const waysIn: readonly [string, (facts: Facts) => Record<string, unknown>][] = [
  ["an ed25519 key", ({ keys }) => ({ keyFile: keys.ed25519 })],
  ["an encrypted key and its passphrase", ({ keys, passphrase }) => ({
    keyFile: keys.ed25519Encrypted,
    passphrase,
  })],
  ["an RSA key", ({ keys }) => ({ keyFile: keys.rsa })],
  ["an RSA key in PEM form", ({ keys }) => ({ keyFile: keys.rsaPem })],
  ["an ECDSA key in PEM form", ({ keys }) => ({ keyFile: keys.ecdsaPem })],
  ["an ECDSA key in OpenSSH's form, which ssh2 mangles", ({ keys }) => ({ keyFile: keys.ecdsa })],
  ["a password", ({ password }) => ({ password })],
];

for (const [way, auth] of waysIn) {
  clusterTest(`logs in with ${way}`, async (facts) => {
    await using host = await connect(facts, { auth: auth(facts) });
    assert.equal(await whoAmI(host), facts.user);
    assert.equal(host.label, `${facts.user}@${facts.host}:${facts.port}`);
  });
}

clusterTest("logs in with the text of a key, as secrets carry it", async (facts) => {
  const key = await Deno.readTextFile(facts.keys.ed25519);
  for (const keyText of [key, key.replaceAll("\n", "\r\n"), key.trim().replaceAll("\n", "\\n")]) {
    await using host = await connect(facts, { auth: { keyText } });
    assert.equal(await whoAmI(host), facts.user);
  }
});

clusterTest(
  "logs in with an agent, named or by SSH_AUTH_SOCK or without any auth",
  async (facts) => {
    await withTemporary(async (directory) => {
      const socket = `${directory}/agent`;
      const agent = new Deno.Command("ssh-agent", { args: ["-D", "-a", socket], stdout: "null" })
        .spawn();
      try {
        while (!await Deno.stat(socket).then(() => true, () => false)) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        const options = { environment: environment({ SSH_AUTH_SOCK: socket }) };
        await assert.rejects(
          connect(facts, { auth: { agent: true } }, options),
          AuthenticationError,
          "an empty agent",
        );
        const add = await new Deno.Command("ssh-add", {
          args: ["-q", facts.keys.unauthorized, facts.keys.ed25519],
          env: { SSH_AUTH_SOCK: socket },
        }).output();
        assert.ok(add.success, text(add.stderr));
        for (const auth of [{ agent: true }, { agent: socket }, undefined]) {
          await using host = await connect(facts, { auth }, options);
          assert.equal(await whoAmI(host), facts.user);
        }
      } finally {
        agent.kill();
        await agent.status;
      }
      await assert.rejects(connect(facts, { auth: { agent: socket } }), AgentError);
      await assert.rejects(connect(facts, { auth: { agent: true } }), AgentError);
    });
  },
);

clusterTest("without auth the identity files of the ssh_config are used", async (facts) => {
  await withTemporary(async (home) => {
    await Deno.mkdir(`${home}/.ssh/conf.d`, { recursive: true });
    await Deno.copyFile(facts.keys.ed25519, `${home}/.ssh/the key`);
    await Deno.writeTextFile(`${home}/.ssh/config`, "Include conf.d/*.conf\n");
    await Deno.writeTextFile(
      `${home}/.ssh/conf.d/site.conf`,
      `host login*\n  hostname ${facts.host}\n  PORT ${facts.port}\n  user ${facts.user}\n` +
        `  IdentityFile "~/.ssh/the key"\n  UserKnownHostsFile ${facts.knownHosts}\n`,
    );
    await using host = await connectSsh(
      slurmClusterSchema.parse({ type: "slurm", host: "login1" }),
      { environment: environment({ HOME: home }) },
    );
    assert.equal(await whoAmI(host), facts.user);
  });
});

clusterTest("credentials that are refused are named, and never worth a retry", async (facts) => {
  for (
    const [auth, words] of [
      [{ keyFile: facts.keys.unauthorized }, /Tried: key .*unauthorized/],
      [{ password: "wrong" }, /Tried: password/],
    ] as const
  ) {
    await assert.rejects(connect(facts, { auth }), (error) => {
      assert.ok(error instanceof AuthenticationError, String(error));
      assert.equal(error.retryable, false);
      assert.match(error.message, words);
      assert.deepEqual([...error.offered].sort(), ["password", "publickey"]);
      return true;
    });
  }
  await assert.rejects(connect(facts, { auth: undefined }), (error) => {
    assert.ok(error instanceof AuthenticationError);
    assert.match(error.message, /nothing to log in/);
    return true;
  });
});

clusterTest("keys that cannot be used say why and what mends them", async (facts) => {
  const { keys, passphrase } = facts;
  await assert.rejects(
    connect(facts, { auth: { keyFile: keys.rsaPemEncrypted, passphrase } }),
    (error) => {
      assert.ok(error instanceof KeyFormatError);
      assert.ok(error.next.includes(`ssh-keygen -p -f ${keys.rsaPemEncrypted}`));
      return true;
    },
  );
  await assert.rejects(
    connect(facts, { auth: { keyFile: keys.ed25519Encrypted } }),
    (error) => error instanceof PassphraseError && error.code === "PASSPHRASE_MISSING",
  );
  await assert.rejects(
    connect(facts, { auth: { keyFile: keys.ed25519Encrypted, passphrase: "wrong" } }),
    (error) => error instanceof PassphraseError && error.code === "PASSPHRASE_WRONG",
  );
  await assert.rejects(connect(facts, { auth: { keyFile: "/nonexistent/key" } }), KeyFileError);
  await assert.rejects(
    connect(facts, { auth: { keyFile: `${keys.ed25519}.pub` } }),
    (error) => error instanceof KeyFormatError && /public half/.test(error.message),
  );
});

clusterTest("an encrypted PEM key works after the command that its error names", async (facts) => {
  await withTemporary(async (directory) => {
    const path = `${directory}/key`;
    await Deno.copyFile(facts.keys.rsaPemEncrypted, path);
    await Deno.chmod(path, 0o600);
    const rewritten = await new Deno.Command("ssh-keygen", {
      args: ["-p", "-P", facts.passphrase, "-N", facts.passphrase, "-f", path],
    }).output();
    assert.ok(rewritten.success, text(rewritten.stderr));
    const auth = { keyFile: path, passphrase: facts.passphrase };
    // The key itself may not be among the authorized ones; that it is offered at all is the point.
    const outcome = await connect(facts, { auth }).then(
      async (host) => {
        await host.close();
        return undefined;
      },
      (error) => error,
    );
    assert.ok(outcome === undefined || outcome instanceof AuthenticationError, String(outcome));
  });
});

clusterTest(
  "an unknown host key is refused, with what was offered and the next step",
  async (facts) => {
    await withTemporary(async (directory) => {
      for (const policy of [undefined, "strict"]) {
        const knownHosts = `${directory}/known_hosts`;
        await assert.rejects(connect(facts, { hostKeys: { policy, knownHosts } }), (error) => {
          assert.ok(error instanceof HostKeyUnknownError, String(error));
          assert.match(error.fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/);
          assert.ok(
            error.next.includes(`ssh-keyscan -p ${facts.port} ${facts.host} >> ${knownHosts}`),
          );
          assert.equal(error.retryable, false);
          return true;
        });
      }
    });
  },
);

clusterTest("accept-new learns a key once and holds to it", async (facts) => {
  await withTemporary(async (directory) => {
    const knownHosts = `${directory}/new/known_hosts`;
    const hostKeys = { policy: "accept-new", knownHosts };
    await (await connect(facts, { hostKeys })).close();
    const learned = await Deno.readTextFile(knownHosts);
    assert.match(learned, new RegExp(`^\\[${facts.host}\\]:${facts.port} ssh-ed25519 \\S+\\n$`));
    await (await connect(facts, { hostKeys })).close();
    assert.equal(await Deno.readTextFile(knownHosts), learned);
    await (await connect(facts, { hostKeys: { policy: "strict", knownHosts } })).close();
    // OpenSSH itself reads the line as we meant it.
    const found = await new Deno.Command("ssh-keygen", {
      args: ["-F", `[${facts.host}]:${facts.port}`, "-f", knownHosts],
    }).output();
    assert.ok(found.success);
  });
});

/** A key that is not the host's. */
async function otherKey(directory: string): Promise<string> {
  const path = `${directory}/other`;
  await new Deno.Command("ssh-keygen", { args: ["-q", "-t", "ed25519", "-N", "", "-f", path] })
    .output();
  return (await Deno.readTextFile(`${path}.pub`)).split(" ").slice(0, 2).join(" ");
}

clusterTest("a changed host key is refused under every policy that looks", async (facts) => {
  await withTemporary(async (directory) => {
    const knownHosts = `${directory}/known_hosts`;
    const key = await otherKey(directory);
    await Deno.writeTextFile(knownHosts, `# mine\n[${facts.host}]:${facts.port} ${key}\n`);
    for (const policy of ["strict", "accept-new"]) {
      await assert.rejects(connect(facts, { hostKeys: { policy, knownHosts } }), (error) => {
        assert.ok(error instanceof HostKeyChangedError, String(error));
        assert.deepEqual(error.lines, [`${knownHosts}:2`]);
        assert.ok(
          error.next.includes(`ssh-keygen -R '[${facts.host}]:${facts.port}' -f ${knownHosts}`),
        );
        return true;
      });
    }
    await using host = await connect(facts, { hostKeys: { policy: "insecure", knownHosts } });
    assert.equal(await whoAmI(host), facts.user);
  });
});

clusterTest(
  "hashed, negated, wildcard, revoked and authority lines are understood",
  async (facts) => {
    await withTemporary(async (directory) => {
      const knownHosts = `${directory}/known_hosts`;
      const all = await Deno.readTextFile(facts.knownHosts);
      const name = `[${facts.host}]:${facts.port}`;
      const key = all.split("\n").find((line) => line.startsWith(`${name} ssh-ed25519 `))
        ?.split(" ").slice(1, 3).join(" ");
      const open = () => connect(facts, { hostKeys: { knownHosts } });

      await Deno.writeTextFile(knownHosts, `${name} ${key}\n`);
      await new Deno.Command("ssh-keygen", { args: ["-q", "-H", "-f", knownHosts] }).output();
      assert.match(await Deno.readTextFile(knownHosts), /^\|1\|/);
      await (await open()).close();

      await Deno.writeTextFile(knownHosts, `[10.77.*.?]:${facts.port} ${key}\n`);
      await (await open()).close();

      await Deno.writeTextFile(knownHosts, `*,!${name},!${facts.host} ${key}\n`);
      await assert.rejects(open(), HostKeyUnknownError);

      await Deno.writeTextFile(knownHosts, `${name} ${key}\n@revoked * ${key}\n`);
      await assert.rejects(open(), HostKeyRevokedError);

      await Deno.writeTextFile(knownHosts, `@cert-authority * ${key}\n`);
      await assert.rejects(open(), (error) => {
        assert.ok(error instanceof HostKeyUnknownError);
        assert.match(error.message, /@cert-authority/);
        return true;
      });
    });
  },
);

clusterTest("each known type of host key is asked for first", async (facts) => {
  await withTemporary(async (directory) => {
    const lines = (await Deno.readTextFile(facts.knownHosts)).split("\n")
      .filter((line) => line.startsWith(`[${facts.host}]:${facts.port} `));
    assert.ok(lines.length > 0);
    for (const line of lines) {
      const knownHosts = `${directory}/known_hosts`;
      await Deno.writeTextFile(knownHosts, `${line}\n`);
      await (await connect(facts, { hostKeys: { knownHosts } })).close();
    }
  });
});

clusterTest("goes through jump hosts, each with its own key, alias and user", async (facts) => {
  const [first, second] = facts.jumpHosts;
  assert.ok(first !== undefined && second !== undefined);
  const via = (...hops: string[]) => connect(facts, { proxyJump: hops.join(",") });
  {
    await using host = await via(`${facts.user}@${first.host}:${first.port}`);
    assert.equal(await whoAmI(host), facts.user);
    const from = text((await host.run("echo $SSH_CLIENT")).stdout).split(" ")[0];
    assert.equal(from, first.host);
  }
  await withTemporary(async (home) => {
    await Deno.mkdir(`${home}/.ssh`);
    await Deno.writeTextFile(
      `${home}/.ssh/config`,
      [
        `Host one`,
        `  HostName ${first.host}`,
        `  Port ${first.port}`,
        `Host two`,
        `  HostName ${second.host}`,
        `  Port ${second.port}`,
        `  ProxyJump one`,
        `Host target`,
        `  HostName ${facts.host}`,
        `  Port ${facts.port}`,
        `  ProxyJump two`,
        `Host *`,
        `  User ${facts.user}`,
        "",
      ].join("\n"),
    );
    await using host = await connect(
      facts,
      { host: "target", port: undefined, user: undefined },
      { environment: environment({ HOME: home }) },
    );
    const from = text((await host.run("echo $SSH_CLIENT")).stdout).split(" ")[0];
    assert.equal(from, second.host);
    await host.put(new Uint8Array(500_000), "through-jumps");
    assert.equal((await host.stat("through-jumps"))?.size, 500_000);
    await host.remove("through-jumps");
  });
});

clusterTest("a jump host that fails is named, with the reason", async (facts) => {
  const [first] = facts.jumpHosts;
  assert.ok(first !== undefined);
  const hop = `${facts.user}@${first.host}:${first.port}`;
  await withTemporary(async (directory) => {
    const knownHosts = `${directory}/known_hosts`;
    const all = await Deno.readTextFile(facts.knownHosts);
    await Deno.writeTextFile(
      knownHosts,
      all.split("\n").filter((line) => !line.includes(first.host)).join("\n"),
    );
    const hostKeys = { knownHosts };
    await assert.rejects(connect(facts, { proxyJump: hop, hostKeys }), (error) => {
      assert.ok(error instanceof ProxyJumpError, String(error));
      assert.equal(error.hop, hop);
      assert.ok(error.cause instanceof HostKeyUnknownError);
      assert.equal(error.retryable, false);
      return true;
    });
  });
  // A password is for the last host alone.
  await assert.rejects(
    connect(facts, { proxyJump: hop, auth: { password: facts.password } }),
    (error) => error instanceof ProxyJumpError && error.cause instanceof AuthenticationError,
  );
  await assert.rejects(
    connect(facts, { proxyJump: `${hop},${facts.user}@127.0.0.1:1` }),
    (error) => {
      assert.ok(error instanceof ProxyJumpError);
      assert.equal(error.hop, `${facts.user}@127.0.0.1:1`);
      assert.ok(error.cause instanceof ConnectError);
      assert.equal(error.retryable, true);
      return true;
    },
  );
});

clusterTest("a host that is not there is worth another try", async (facts) => {
  for (
    const [where, words] of [
      [{ port: 1 }, /refused/],
      [{ host: "no-such-host.invalid" }, /resolved/],
    ] as const
  ) {
    await assert.rejects(connect(facts, where), (error) => {
      assert.ok(error instanceof ConnectError, String(error));
      assert.equal(error.retryable, true);
      assert.match(error.message, words);
      return true;
    });
  }
});

clusterTest("a host that says nothing is given up in time, and on request", async (facts) => {
  await using proxy = startProxy({ target: facts });
  proxy.setBlackHole(true);
  const where = { host: proxy.host, port: proxy.port, connectTimeoutSeconds: 1 };
  await assert.rejects(connect(facts, where), (error) => {
    assert.ok(error instanceof ConnectError, String(error));
    assert.match(error.message, /within 1 s/);
    return true;
  });
  const abort = new AbortController();
  const reason = new Error("enough");
  const connecting = connect(facts, where, { environment: environment(), signal: abort.signal });
  setTimeout(() => abort.abort(reason), 50);
  await assert.rejects(connecting, reason);
});

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

/** Connects through a proxy on this machine, whose address is not in known_hosts. */
function connectThrough(
  facts: Facts,
  proxy: { readonly host: string; readonly port: number },
  overrides: Record<string, unknown> = {},
): Promise<Host> {
  return connect(facts, {
    host: proxy.host,
    port: proxy.port,
    hostKeys: { policy: "insecure" },
    ...overrides,
  });
}

clusterTest("more streams than the host allows channels wait for each other", async (facts) => {
  await using host = await connect(facts);
  let most = 0;
  const answers = await Promise.all(Array.from({ length: 40 }, async (_, index) => {
    await using stream = await host.stream(`echo ${index}`);
    most = Math.max(most, host.openChannels);
    return (await new Response(stream.stdout).text()).trim();
  }));
  assert.deepEqual(answers, Array.from({ length: 40 }, (_, index) => String(index)));
  assert.ok(most <= 6, String(most));
});

clusterTest("a cut line is told as such to everything that was under way", async (facts) => {
  await using proxy = startProxy({ target: facts });
  const host = await connectThrough(facts, proxy);
  const stream = await host.stream("echo ready; sleep 300");
  const reader = stream.stdout.getReader();
  await reader.read();
  const lost = (error: unknown) => {
    assert.ok(error instanceof LinkLostError, String(error));
    assert.equal(error.retryable, true);
    return true;
  };
  const running = assert.rejects(host.run("sleep 300"), lost);
  const reading = assert.rejects(reader.read(), lost);
  const errors = assert.rejects(stream.stderr.getReader().read(), lost);
  const exiting = assert.rejects(stream.exit, lost);
  const putting = assert.rejects(
    host.put(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(10_000));
        },
      }),
      "never-finished",
    ),
    lost,
  );
  const getting = assert.rejects(
    host.get("/dev/zero").then(async (zeros) => {
      for await (const _ of zeros) continue;
    }),
    lost,
  );
  await host.run("true", { lane: "other" });
  proxy.cutAll();
  await Promise.all([running, reading, errors, exiting, putting, getting]);
  assert.ok(lost(await host.closed));
  await assert.rejects(host.run("true"));
  await host.close();
  assert.equal(host.openChannels, 0);
  await using again = await connect(facts);
  await untilNoRemains(again);
}, CUTS_WITHIN_PACKETS);

/** A cut upload is cleared away by the host itself, once it notices. */
async function untilNoRemains(host: Host): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const names = (await host.list(".")).map((info) => info.name);
    if (!names.some((name) => name.startsWith(".sluice-"))) {
      assert.ok(!names.includes("never-finished"));
      return;
    }
    await host.run("sleep 0.05");
  }
  assert.fail("the partly written file was left behind");
}

clusterTest("a line that goes dead is noticed by three lost probes", async (facts) => {
  await using proxy = startProxy({ target: facts });
  const host = await connectThrough(facts, proxy, { keepaliveSeconds: 1 });
  const running = assert.rejects(host.run("sleep 300"), LinkLostError);
  await host.run("true", { lane: "other" });
  proxy.setBlackHole(true);
  const error = await host.closed;
  assert.ok(error instanceof LinkLostError, String(error));
  assert.match(error.message, /Keepalive/);
  await running;
  await host.close();
});

clusterTest(
  "a connection cut at any byte of a login or a command gives a typed error",
  async (facts) => {
    const limits = Array.from({ length: 24 }, (_, index) => 1 + index * 331);
    for (const limit of limits) {
      await using proxy = startProxy({ target: facts, cutAfterBytes: { down: limit } });
      try {
        await using host = await connectThrough(facts, proxy, { connectTimeoutSeconds: 10 });
        for (;;) await host.run("seq 100");
      } catch (error) {
        assert.ok(error instanceof LinkLostError || error instanceof ConnectError, String(error));
      }
    }
  },
  CUTS_WITHIN_PACKETS,
);

clusterTest("a late command is killed on the host, and the lane goes on", async (facts) => {
  await using host = await connect(facts);
  const mark = `3${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  const late = host.run(`sleep ${mark}`, { timeoutMs: 200 });
  const behind = host.run("echo behind");
  await assert.rejects(late, CommandTimeoutError);
  assert.equal(text((await behind).stdout), "behind\n");
  const left = await host.run(`ps -u "$(id -u)" -o args= | grep -c '[s]leep ${mark}'`);
  assert.equal(text(left.stdout), "0\n");
});

clusterTest("closing a stream, or the host, ends the command on the host", async (facts) => {
  await using observer = await connect(facts);
  const host = await connect(facts);
  const marks = Array.from(crypto.getRandomValues(new Uint32Array(2)), (n) => `3${n}`);
  const started = async (mark: string | undefined) => {
    const stream = await host.stream(`echo up; sleep ${mark}`);
    const reader = stream.stdout.getReader();
    await reader.read();
    reader.releaseLock();
    return stream;
  };
  const count = async (mark: string | undefined) =>
    text((await observer.run(`ps -u "$(id -u)" -o args= | grep -c '[s]leep ${mark}'`)).stdout)
      .trim();
  const first = await started(marks[0]);
  await started(marks[1]);
  assert.equal(await count(marks[0]), "1");
  await first.close();
  assert.equal(await count(marks[0]), "0");
  await host.close();
  assert.equal(await count(marks[1]), "0");
});

clusterTest("a full disk is an error of its own and leaves nothing behind", async (facts) => {
  await using host = await connect(facts);
  const { path, bytes } = facts.smallDisk;
  const directory = `${path}/hosts-test`;
  await host.makeDirectory(directory);
  try {
    await assert.rejects(host.put(new Uint8Array(bytes + 1), `${directory}/large`), (error) => {
      assert.ok(error instanceof DiskFullError, String(error));
      assert.equal(error.code, "DISK_FULL");
      assert.equal(error.retryable, false);
      assert.ok(error.next.includes(directory));
      assert.match(error.message, /bytes free/);
      return true;
    });
    assert.deepEqual(await host.list(directory), []);
    const space = await host.freeSpace(directory);
    assert.ok(space.totalBytes <= bytes);
  } finally {
    await host.remove(directory, { recursive: true });
  }
});

clusterTest("a large file goes there and back in bounded memory", async (facts) => {
  await using host = await connect(facts);
  const size = 40_000_000;
  const chunk = crypto.getRandomValues(new Uint8Array(50_000));
  const name = `large-${crypto.randomUUID()}`;
  let pulled = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(chunk);
      pulled += chunk.length;
      if (pulled >= size) controller.close();
    },
  }, { highWaterMark: 0 });
  await host.put(source, name, { size });
  const stream = await host.get(name);
  const reader = stream.getReader();
  let read = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    for (const at of [0, value.length - 1]) {
      assert.equal(value[at], chunk[(read + at) % chunk.length]);
    }
    read += value.length;
  }
  assert.equal(read, size);
  await host.remove(name);
});

clusterTest("what a reader does not take stays on the host", async (facts) => {
  await using proxy = startProxy({ target: facts });
  await using host = await connectThrough(facts, proxy);
  await using stream = await host.stream("cat /dev/zero");
  const reader = stream.stdout.getReader();
  let read = 0;
  while (read < 5_000_000) read += (await reader.read()).value?.length ?? 0;
  // The window is 2 MiB; sshd and the kernel hold some more.
  await host.run("sleep 0.3");
  assert.ok(proxy.passed.down < read + 8_000_000, String(proxy.passed.down - read));
});

clusterTest("a hundred lost connections leave nothing open", async (facts) => {
  await using proxy = startProxy({ target: facts });
  const before = await openFiles();
  for (let round = 0; round < 100; round++) {
    const host = await connectThrough(facts, proxy);
    const stream = await host.stream("sleep 300");
    const waiting = assert.rejects(host.run("sleep 300"), LinkLostError);
    await host.run("true", { lane: "other" });
    proxy.cutAll();
    await waiting;
    await assert.rejects(stream.exit, LinkLostError);
    await host.close();
  }
  const after = await openFiles();
  assert.ok(after <= before + 3, `${before} file descriptors became ${after}`);
}, CUTS_WITHIN_PACKETS);

/** How many file descriptors this process has; Deno itself reads /proc only with every permission. */
async function openFiles(): Promise<number> {
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", 'set -- /proc/"$PPID"/fd/*; echo $#'],
    stdin: "null",
  }).output();
  return Number(new TextDecoder().decode(stdout));
}

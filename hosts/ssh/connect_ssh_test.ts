/**
 * Logins and channels against a server in this process, for what a real one is not easily made to do.
 */

import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
// @ts-types="@types/ssh2"
import { type Connection, Server, type ServerConfig } from "ssh2";
import { slurmClusterSchema } from "../../model/mod.ts";
import { quote } from "../../shell/mod.ts";
import { HostClosedError, LinkLostError } from "../errors.ts";
import type { Host } from "../host.ts";
import { connectSsh } from "./connect_ssh.ts";
import { type SshEnvironment, systemEnvironment } from "./environment.ts";
import { AuthenticationError, ConnectError, HandshakeError } from "./ssh_errors.ts";

const hostKey = await Deno.readTextFile(new URL("testdata/ed25519", import.meta.url));

const environment: SshEnvironment = { ...systemEnvironment, variable: () => undefined };

/** Settle when the commands that `open` has run are gone; the server that ran them waits for them. */
const ended: Promise<unknown>[] = [];

interface TestServer extends AsyncDisposable {
  readonly port: number;
}

async function startServer(
  serve: (connection: Connection) => void,
  config: Partial<ServerConfig> = {},
): Promise<TestServer> {
  const open = new Set<Connection>();
  const server = new Server({ hostKeys: [hostKey], ...config }, (connection) => {
    open.add(connection);
    connection.on("error", () => {});
    connection.on("close", () => open.delete(connection));
    serve(connection);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address: AddressInfo | string | null = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const connection of open) connection.end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      while (ended.length > 0) await Promise.all(ended.splice(0));
    },
  };
}

function connect(
  server: TestServer,
  overrides: Record<string, unknown> = {},
  machine: SshEnvironment = environment,
): Promise<Host> {
  const config = slurmClusterSchema.parse({
    type: "slurm",
    host: "127.0.0.1",
    port: server.port,
    user: "ada",
    auth: { password: "secret" },
    hostKeys: { policy: "insecure" },
    sshConfig: false,
    ...overrides,
  });
  return connectSsh(config, { environment: machine });
}

/** Lets everyone in and runs what they ask for, at most so many channels at a time. */
function open(connection: Connection, channels = 10): void {
  let held = 0;
  connection.on("authentication", (context) => context.accept());
  connection.on("session", (accept, reject) => {
    if (held >= channels) return reject();
    held++;
    const session = accept();
    session.on("exec", (acceptExec, _reject, { command }) => {
      const channel = acceptExec();
      const child = new Deno.Command("sh", {
        args: ["-c", command],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        detached: true,
      }).spawn();
      const input = child.stdin.getWriter();
      channel.on("data", (bytes: Uint8Array) => void input.write(bytes).catch(() => {}));
      channel.on("end", () => void input.close().catch(() => {}));
      channel.on("close", () => {
        void input.close().catch(() => {});
        // A real server leaves the command running; a test must not.
        ended.push(
          new Deno.Command("kill", { args: ["-s", "KILL", "--", `-${child.pid}`] }).output(),
        );
      });
      const copies = Promise.all([
        (async () => {
          for await (const bytes of child.stdout) channel.write(bytes);
        })(),
        (async () => {
          for await (const bytes of child.stderr) channel.stderr.write(bytes);
        })(),
      ]);
      ended.push(
        Promise.all([child.status, copies]).then(([status]) => {
          channel.exit(status.code);
          channel.end();
          held--;
        }),
      );
    });
  });
}

Deno.test("a password is given in answer to a question where the host takes it in no other way", async () => {
  const asked: string[] = [];
  await using server = await startServer((connection) => {
    connection.on("authentication", (context) => {
      asked.push(context.method);
      if (context.method !== "keyboard-interactive") {
        return context.reject(["keyboard-interactive"]);
      }
      context.prompt([{ prompt: "Password: ", echo: false }], (answers) => {
        if (answers[0] === "secret") context.accept();
        else context.reject();
      });
    });
  });
  const host = await connect(server);
  await host.close();
  assert.deepEqual(asked, ["password", "keyboard-interactive"]);
  await assert.rejects(connect(server, { auth: { password: "wrong" } }), AuthenticationError);
});

Deno.test("a wrong password is tried once only, since every try counts towards a lock", async () => {
  const asked: string[] = [];
  await using server = await startServer((connection) => {
    connection.on("authentication", (context) => {
      asked.push(context.method);
      context.reject(["password", "keyboard-interactive"]);
    });
  });
  await assert.rejects(connect(server), AuthenticationError);
  assert.deepEqual(asked, ["password"]);
});

Deno.test("a host that wants a second step is told apart from one that refuses", async () => {
  await using server = await startServer((connection) => {
    connection.on("authentication", (context) => context.reject(["keyboard-interactive"], true));
  });
  await assert.rejects(connect(server), (error) => {
    assert.ok(error instanceof AuthenticationError);
    assert.match(error.message, /one more step/);
    assert.equal(error.retryable, false);
    return true;
  });
});

Deno.test("what does not work under Deno is never agreed upon", async () => {
  const agreed: { kex: string; compress: string }[] = [];
  await using server = await startServer((connection) => {
    connection.on("handshake", ({ kex, cs }) => agreed.push({ kex, compress: cs.compress }));
    open(connection);
  }, {
    algorithms: {
      kex: ["ecdh-sha2-nistp521", "ecdh-sha2-nistp256"],
      compress: ["zlib@openssh.com", "zlib", "none"],
    },
  });
  const host = await connect(server);
  await host.close();
  assert.deepEqual(agreed, [{ kex: "ecdh-sha2-nistp256", compress: "none" }]);
});

Deno.test("a host without a common algorithm is told as such", async () => {
  await using server = await startServer(open, { algorithms: { kex: ["ecdh-sha2-nistp521"] } });
  await assert.rejects(connect(server), HandshakeError);
});

Deno.test("what is not an SSH server is told as such", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) connection.close();
  })();
  await assert.rejects(
    connect({ port: listener.addr.port, [Symbol.asyncDispose]: () => Promise.resolve() }),
    (error) => {
      assert.ok(error instanceof ConnectError, String(error));
      assert.equal(error.retryable, true);
      return true;
    },
  );
  listener.close();
  await serving;
});

Deno.test("refused channels are asked for again until they are free", async () => {
  await using server = await startServer((connection) => open(connection, 2));
  await using host = await connect(server);
  const answers = await Promise.all(Array.from({ length: 8 }, async (_, index) => {
    await using stream = await host.stream(`echo ${index}`);
    return (await new Response(stream.stdout).text()).trim();
  }));
  assert.deepEqual(answers, ["0", "1", "2", "3", "4", "5", "6", "7"]);
});

Deno.test("a drop without an exit status means a lost link, not an empty answer", async () => {
  const connections: Connection[] = [];
  await using server = await startServer((connection) => {
    connections.push(connection);
    open(connection);
  });
  const host = await connect(server);
  const stream = await host.stream("cat");
  const exit = assert.rejects(stream.exit, LinkLostError);
  const reading = assert.rejects(new Response(stream.stdout).text(), LinkLostError);
  // A command outlives the connection that started it: this one ends when it is told.
  const go = await Deno.makeTempFile();
  const running = assert.rejects(
    host.run(`while [ -e ${quote(go)} ]; do sleep 0.1; done`),
    LinkLostError,
  );
  await host.run("true", { lane: "other" });
  for (const connection of connections) connection.end();
  await Promise.all([exit, reading, running]);
  await Deno.remove(go);
  assert.ok(await host.closed instanceof LinkLostError);
  await assert.rejects(host.run("true"), LinkLostError);
  await host.close();
});

Deno.test("a closed host says so", async () => {
  await using server = await startServer(open);
  const host = await connect(server);
  assert.equal(new TextDecoder().decode((await host.run("echo here")).stdout), "here\n");
  await host.close();
  assert.equal(await host.closed, undefined);
  await assert.rejects(host.run("true"), HostClosedError);
});

Deno.test("the host may ask for new keys while bytes are under way in both directions", async () => {
  const connections: Connection[] = [];
  await using server = await startServer((connection) => {
    connections.push(connection);
    open(connection);
  });
  let learned = 0;
  const slow: SshEnvironment = {
    ...environment,
    readFile: () => Promise.reject(new Deno.errors.NotFound()),
    appendFile: async () => {
      learned++;
      await delay(20);
    },
  };
  const hostKeys = { policy: "accept-new", knownHosts: "/known_hosts" };
  await using host = await connect(server, { hostKeys }, slow);
  await using stream = await host.stream("cat");
  const echo = new Response(stream.stdout).bytes();
  const chunk = Uint8Array.from({ length: 100_000 }, (_, index) => index * 7 % 251);
  const writer = stream.stdin.getWriter();
  let exchanges = 0;
  for (let index = 0; index < 40; index++) {
    const [connection] = connections;
    if (index % 4 === 0) connection?.rekey(() => exchanges++);
    await writer.write(chunk);
  }
  await writer.close();
  const came = await echo;
  assert.equal(came.length, 40 * chunk.length);
  for (let index = 0; index < 40; index++) {
    assert.deepEqual(came.subarray(index * chunk.length, (index + 1) * chunk.length), chunk);
  }
  assert.ok(exchanges > 1, `${exchanges}`);
  assert.equal(learned, 1);
});

import assert from "node:assert/strict";
import {
  AgentError,
  AuthenticationError,
  ConnectError,
  HandshakeError,
  HostKeyChangedError,
  HostKeyRevokedError,
  HostKeyUnknownError,
  KeyFileError,
  KnownHostsError,
  PassphraseError,
  ProxyJumpError,
  SshConfigError,
} from "../ssh/ssh_errors.ts";
import { type Attempt, learningFailure, loginFailure, lossDetail, reached } from "./login_log.ts";
import { OpenSshMissingError } from "./openssh_errors.ts";

const ATTEMPT: Attempt = {
  label: "ada@login",
  agent: false,
  knownHosts: "/home/ada/.ssh/known_hosts",
  code: 255,
};

// As OpenSSH 9.2 says it, without the lines in between.
const SPOKEN = `debug1: Connecting to 10.77.0.1 [10.77.0.1] port 2222.
debug1: Connection established.
debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1
debug1: Authenticating to 10.77.0.1:2222 as 'sluice'
`;
const SHOWN = `${SPOKEN}debug1: Server host key: ssh-ed25519 SHA256:rM3doSiatEEjvpw637KkNSvb
`;
const TRUSTED = `${SHOWN}debug1: Found key in /home/ada/.ssh/known_hosts:1
debug1: SSH2_MSG_NEWKEYS received
debug1: Authentications that can continue: publickey,password
debug1: Next authentication method: publickey
`;
const DENIED = `debug1: No more authentication methods to try.
sluice@10.77.0.1: Permission denied (publickey,password).
`;

Deno.test("refused credentials are named, with what the host offers, and never retried", () => {
  const log = `${TRUSTED}Load key "/old": invalid format
debug1: Offering public key: /home/ada/the key ED25519 SHA256:ks+ryviUpXYL explicit
debug1: Authentications that can continue: publickey,password
${DENIED}`;
  const error = loginFailure(log, ATTEMPT);
  assert.ok(error instanceof AuthenticationError, String(error));
  assert.deepEqual(error.tried, ["key /home/ada/the key"]);
  assert.deepEqual(error.offered, ["publickey", "password"]);
  assert.match(error.message, /Left out: key \/old \(invalid format\)/);
  assert.equal(error.retryable, false);
});

Deno.test("being thrown out of the login is a refusal, a line that goes is not", () => {
  const thrown = loginFailure(
    `${TRUSTED}debug1: Offering public key: /k RSA SHA256:abc\nReceived disconnect from 10.77.0.1 port 2222:2: Too many authentication failures\nDisconnected from 10.77.0.1 port 2222\n`,
    ATTEMPT,
  );
  assert.ok(thrown instanceof AuthenticationError, String(thrown));
  assert.deepEqual(thrown.offered, ["publickey", "password"]);
  const cut = loginFailure(`${TRUSTED}Connection closed by 10.77.0.1 port 2222\n`, ATTEMPT);
  assert.ok(cut instanceof ConnectError, String(cut));
  assert.equal(cut.retryable, true);
});

Deno.test("a login that asks for a second step says so", () => {
  const error = loginFailure(
    `${TRUSTED}debug1: Offering public key: /k RSA SHA256:abc\nAuthenticated using "publickey" with partial success.\n${DENIED}`,
    ATTEMPT,
  );
  assert.ok(error instanceof AuthenticationError);
  assert.match(error.message, /one more step/);
});

Deno.test("a key or an agent that is the reason of a refusal is named", () => {
  const accepted =
    `${TRUSTED}debug1: Server accepts key: /key ED25519 SHA256:1X40u0 explicit\n${DENIED}`;
  assert.ok(loginFailure(accepted, { ...ATTEMPT, keyFile: "/key" }) instanceof PassphraseError);
  assert.ok(loginFailure(accepted, ATTEMPT) instanceof AuthenticationError);
  const open = `${TRUSTED}Load key "/key": bad permissions\n${DENIED}`;
  assert.ok(loginFailure(open, { ...ATTEMPT, keyFile: "/key" }) instanceof KeyFileError);
  const agent =
    `${TRUSTED}debug1: get_agent_identities: ssh_get_authentication_socket: No such file or directory\n${DENIED}`;
  assert.ok(loginFailure(agent, { ...ATTEMPT, agent: true }) instanceof AgentError);
  assert.ok(loginFailure(agent, ATTEMPT) instanceof AuthenticationError);
});

Deno.test("an unknown host key is told with its fingerprint and how to learn it", () => {
  const error = loginFailure(
    `${SHOWN}No ED25519 host key is known for [10.77.0.1]:2222 and you have requested strict checking.
Host key verification failed.
`,
    ATTEMPT,
  );
  assert.ok(error instanceof HostKeyUnknownError, String(error));
  assert.equal(error.fingerprint, "SHA256:rM3doSiatEEjvpw637KkNSvb");
  assert.ok(error.next.includes("ssh-keyscan -p 2222 10.77.0.1 >> /home/ada/.ssh/known_hosts"));
});

Deno.test("a changed host key is told with the line that disagrees, a revoked one as such", () => {
  const changed = loginFailure(
    `${SHOWN}@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
Add correct host key in /kh to get rid of this message.
Offending ED25519 key in /kh:7
Host key for [10.77.0.1]:2222 has changed and you have requested strict checking.
Host key verification failed.
`,
    ATTEMPT,
  );
  assert.ok(changed instanceof HostKeyChangedError, String(changed));
  assert.deepEqual(changed.lines, ["/kh:7"]);
  assert.ok(changed.next.includes("-f /kh "));
  const revoked = loginFailure(
    `${SHOWN}The ED25519 host key for [10.77.0.1]:2222 is marked as revoked.
ED25519 host key for [10.77.0.1]:2222 was revoked and you have requested strict checking.
Host key verification failed.
`,
    ATTEMPT,
  );
  assert.ok(revoked instanceof HostKeyRevokedError, String(revoked));
});

Deno.test("a host that is not reached is worth another try, in words of ours", () => {
  const words: readonly (readonly [string, RegExp])[] = [
    ["ssh: connect to host 10.77.0.1 port 1: Connection refused", /the connection was refused/],
    ["ssh: Could not resolve hostname no.invalid: Name or service not known", /cannot be resolved/],
    ["ssh: connect to host a port 22: No route to host", /no route/],
    ["ssh: connect to host a port 22: Connection timed out", /did not answer/],
    ["Connection timed out during banner exchange", /did not answer/],
    ["kex_exchange_identification: Connection closed by remote host", /closed the connection/],
    ["something new", /something new/],
    ["", /ssh ended with status 255/],
  ];
  for (const [said, expected] of words) {
    const error = loginFailure(`debug1: Connecting to a\n${said}\n`, ATTEMPT);
    assert.ok(error instanceof ConnectError, String(error));
    assert.match(error.message, expected);
    assert.equal(error.retryable, true);
  }
});

Deno.test("no common way of speaking, a bad ssh_config and a missing ssh are not retried", () => {
  const handshake = loginFailure(
    `${SPOKEN}Unable to negotiate with 10.77.0.1 port 2222: no matching key exchange method found. Their offer: a,b\n`,
    ATTEMPT,
  );
  assert.ok(handshake instanceof HandshakeError, String(handshake));
  for (
    const said of [
      "/c: line 1: Bad configuration option: foo\n/c: terminating, 1 bad configuration options",
      "Can't open user config file /c: No such file or directory",
      "Bad owner or permissions on /home/ada/.ssh/config",
    ]
  ) {
    assert.ok(loginFailure(`${said}\n`, ATTEMPT) instanceof SshConfigError, said);
  }
  const missing = loginFailure("sh: 7: ssh: not found\n", { ...ATTEMPT, code: 127 });
  assert.ok(missing instanceof OpenSshMissingError);
  for (const error of [handshake, missing]) assert.equal(error.retryable, false);
});

Deno.test("what fails before the host has spoken through another is that other's failure", () => {
  const executing = "debug1: Executing proxy command: exec ssh -W '[login]:22' hop\n";
  const error = loginFailure(
    `${executing}bob@hop: Permission denied (publickey).\nConnection closed by UNKNOWN port 65535\n`,
    { ...ATTEMPT, proxyJump: "bob@hop" },
  );
  assert.ok(error instanceof ProxyJumpError, String(error));
  assert.equal(error.hop, "bob@hop");
  assert.ok(error.cause instanceof AuthenticationError);
  assert.equal(error.retryable, false);
  const implied = loginFailure(
    `debug1: Setting implicit ProxyCommand from ProxyJump: ssh -v -W '[%h]:%p' jump\n${executing}ssh: connect to host jump port 22: Connection refused\n`,
    ATTEMPT,
  );
  assert.ok(implied instanceof ProxyJumpError);
  assert.equal(implied.hop, "jump");
  assert.equal(implied.retryable, true);
  const host = loginFailure(
    `${executing}${TRUSTED}debug1: Offering public key: /k RSA SHA256:abc\n${DENIED}`,
    ATTEMPT,
  );
  assert.ok(host instanceof AuthenticationError, String(host));
});

Deno.test("where ssh has got to is read as the ssh_config made it", () => {
  assert.equal(reached(SPOKEN), "sluice@10.77.0.1:2222");
  assert.equal(reached("debug1: Authenticating to ::1:22 as 'a b'\n"), "a b@[::1]:22");
  assert.equal(reached("debug1: Connecting to a\n"), undefined);
});

Deno.test("a new key that was not written down is a failure", () => {
  const error = learningFailure(
    "Failed to add the host to the list of known hosts (/etc/nowhere/k).\n",
  );
  assert.ok(error instanceof KnownHostsError);
  assert.match(error.message, /\/etc\/nowhere\/k/);
  assert.equal(learningFailure(TRUSTED), undefined);
});

Deno.test("why a connection ended is what ssh said last, else how it ended", () => {
  assert.equal(
    lossDetail("Timeout, server 10.77.0.1 not responding.\n", 255),
    "Timeout, server 10.77.0.1 not responding",
  );
  assert.equal(
    lossDetail(
      "Connection to a closed by remote host.\nTransferred: sent 1, received 2 bytes, in 0.1 seconds\nBytes per second: sent 1, received 2\n",
      255,
    ),
    "Connection to a closed by remote host",
  );
  assert.equal(lossDetail("Killed\n", 137), "ssh was ended by signal 9");
  assert.equal(lossDetail("", 255), "ssh ended with status 255");
});

import assert from "node:assert/strict";
import type { GateSettings } from "./gate.ts";
import { foreign, unauthorized } from "./gate.ts";

const settings: GateSettings = {
  token: "0123456789abcdef",
  allowedHosts: ["sluice.example.org"],
  allowedOrigins: ["https://app.example.org"],
};

function refusal(url: string, headers: Record<string, string> = {}): string | undefined {
  const request = new Request(url, { headers });
  const parsed = new URL(request.url);
  return foreign(request, parsed, settings)?.code ?? unauthorized(request, parsed, settings)?.code;
}

const bearer = { authorization: "Bearer 0123456789abcdef" };

Deno.test("the right token is let in, by header or by connection parameters", () => {
  assert.equal(refusal("http://127.0.0.1:1/rpc/x", bearer), undefined);
  assert.equal(
    refusal("http://127.0.0.1:1/rpc/x", { authorization: "bearer  0123456789abcdef" }),
    undefined,
  );
  const params = encodeURIComponent(JSON.stringify({ token: "0123456789abcdef" }));
  assert.equal(refusal(`http://127.0.0.1:1/rpc/x?connectionParams=${params}`), undefined);
});

for (
  const [what, url, headers] of [
    ["no token", "", {}],
    ["a wrong token", "", { authorization: "Bearer 0123456789abcdee" }],
    ["the beginning of the token", "", { authorization: "Bearer 0123456789abcde" }],
    ["the token with something behind it", "", { authorization: "Bearer 0123456789abcdef0" }],
    ["a much longer token", "", { authorization: `Bearer ${"0123456789abcdef".repeat(9)}` }],
    ["an empty token", "", { authorization: "Bearer " }],
    ["another scheme", "", { authorization: "Basic 0123456789abcdef" }],
    ["connection parameters that are no JSON", "?connectionParams=x", {}],
    ["connection parameters without a token", "?connectionParams=null", {}],
  ] as const
) {
  Deno.test(`${what} is not let in`, () => {
    assert.equal(refusal(`http://127.0.0.1:1/rpc/x${url}`, headers), "UNAUTHORIZED");
  });
}

Deno.test("a host name that is not the server's is refused, as DNS rebinding would use it", () => {
  assert.equal(refusal("http://evil.example.com:7878/", bearer), "FOREIGN_HOST");
  assert.equal(refusal("http://127.0.0.1.evil.example.com/", bearer), "FOREIGN_HOST");
  for (
    const host of [
      "localhost",
      "127.0.0.1",
      "[::1]",
      "192.0.2.7",
      "sluice.example.org",
      "LOCALHOST",
    ]
  ) {
    assert.equal(refusal(`http://${host}:7878/`, bearer), undefined, host);
  }
});

Deno.test("a page of another origin is refused, the server's own and an allowed one are not", () => {
  const from = (origin: string) => refusal("http://127.0.0.1:7878/", { ...bearer, origin });
  assert.equal(from("https://evil.example.com"), "FOREIGN_ORIGIN");
  assert.equal(from("http://127.0.0.1:9999"), "FOREIGN_ORIGIN");
  assert.equal(from("null"), "FOREIGN_ORIGIN");
  assert.equal(from("http://127.0.0.1:7878"), undefined);
  assert.equal(from("https://app.example.org"), undefined);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { messageSchema } from "../../model/mod.ts";
import type { Message } from "../../model/mod.ts";
import { parseMessage } from "./mod.ts";

function line(method: string, params: unknown): string {
  return JSON.stringify({ __dagster_pipes_version: "0.1", method, params });
}

/** A materialization with one value of metadata, as text. */
function withValue(typeAndRawValue: string): Message {
  return parseMessage(
    `{"__dagster_pipes_version":"0.1","method":"report_asset_materialization","params":{` +
      `"asset_key":"a","data_version":null,"metadata":{"v":${typeAndRawValue}}}}`,
  );
}

function valueOf(typeAndRawValue: string): unknown {
  const message = withValue(typeAndRawValue);
  return message.kind === "materialization" ? message.metadata["v"] : message;
}

Deno.test("each method of the protocol is a message of its own kind", () => {
  const exception = { message: "out\n", stack: ["line"], name: "Tide", cause: null, context: null };
  const cases: [string, unknown, Message][] = [
    ["opened", { extras: { a: 1 } }, { kind: "opened", extras: { a: 1 } }],
    ["opened", null, { kind: "opened", extras: {} }],
    ["closed", {}, { kind: "closed" }],
    [
      "closed",
      { exception: { ...exception, cause: { ...exception, name: null } } },
      {
        kind: "closed",
        exception: {
          name: "Tide",
          message: "out\n",
          stack: ["line"],
          cause: { message: "out\n", stack: ["line"] },
        },
      },
    ],
    ["log", { message: "m", level: "DEBUG" }, { kind: "log", level: "DEBUG", text: "m" }],
    ["log", { message: "m" }, { kind: "log", level: "INFO", text: "m" }],
    [
      "report_asset_materialization",
      { asset_key: "a/b", data_version: "3", metadata: null },
      { kind: "materialization", assetKey: "a/b", dataVersion: "3", metadata: {} },
    ],
    [
      "report_asset_check",
      { asset_key: "a", check_name: "c", passed: false, severity: "WARN", metadata: null },
      {
        kind: "check",
        assetKey: "a",
        name: "c",
        passed: false,
        severity: "WARN",
        metadata: {},
      },
    ],
    ["report_custom_message", { payload: [null] }, { kind: "custom", payload: [null] }],
    [
      "log_external_stream",
      { stream: "stderr", text: "t", extras: {} },
      { kind: "output", stream: "stderr", text: "t", extras: {} },
    ],
  ];
  for (const [method, params, message] of cases) {
    assert.deepEqual(parseMessage(line(method, params)), message, method);
  }
});

Deno.test("a value without a type has the one that Python sees in it", () => {
  const infer = (raw: string) => valueOf(`{"type":"__infer__","raw_value":${raw}}`);
  assert.deepEqual(infer('"12"'), { type: "text", value: "12" });
  assert.deepEqual(infer("12"), { type: "int", value: 12 });
  assert.deepEqual(infer("12.0"), { type: "float", value: 12 });
  assert.deepEqual(infer("1e2"), { type: "float", value: 100 });
  assert.deepEqual(infer("true"), { type: "bool", value: true });
  assert.deepEqual(infer("null"), { type: "null", value: null });
  assert.deepEqual(infer("[1, 2.5]"), { type: "json", value: [1, 2.5] });
});

Deno.test("numbers that JavaScript has not are kept as text", () => {
  assert.deepEqual(valueOf('{"type":"int","raw_value":1180591620717411303424}'), {
    type: "int",
    value: "1180591620717411303424",
  });
  for (const name of ["NaN", "Infinity", "-Infinity"]) {
    assert.deepEqual(valueOf(`{"type":"float","raw_value":${name}}`), {
      type: "float",
      value: name,
    });
  }
  const text = '{"payload": [NaN, "NaN, \\" Infinity", -Infinity]}';
  assert.deepEqual(
    parseMessage(
      `{"__dagster_pipes_version":"0.1","method":"report_custom_message","params":${text}}`,
    ),
    { kind: "custom", payload: ["NaN", 'NaN, " Infinity', "-Infinity"] },
  );
});

Deno.test("a value that is not of the type that it names makes no message", () => {
  for (
    const value of [
      '{"type":"int","raw_value":"12"}',
      '{"type":"int","raw_value":1.5}',
      '{"type":"bool","raw_value":1}',
      '{"type":"url","raw_value":null}',
      '{"type":"moon","raw_value":null}',
      "17",
    ]
  ) assert.equal(withValue(value).kind, "unreadable", value);
});

Deno.test("what is no message is told with its beginning and the reason", () => {
  for (
    const [text, reason] of [
      ["not json", /^It is no JSON: /],
      ["17", /no message of Dagster Pipes: __dagster_pipes_version: /],
      ["[]", /no message of Dagster Pipes: the line: /],
      ['{"method":"log","params":{}}', /__dagster_pipes_version/],
      [line("log", { level: "INFO" }), /message/],
      [line("sing", {}), /There is no method 'sing'/],
      ["[".repeat(500_000), /It is no JSON: /],
      [
        line("report_custom_message", { payload: JSON.parse("[".repeat(200) + "]".repeat(200)) }),
        /nested too deeply/,
      ],
    ] as const
  ) {
    const message = parseMessage(text);
    assert.ok(message.kind === "unreadable", text.slice(0, 100));
    assert.match(message.reason, reason);
    assert.ok(message.text.length <= 1_001);
    assert.ok(text.startsWith(message.text.replace(/…$/, "")));
  }
});

/** Any JSON but with the one name that schemas leave out, since in JavaScript it is a trap. */
const anyJson = fc.jsonValue({ maxDepth: 4 }).filter((value) =>
  !JSON.stringify(value).includes('"__proto__":')
);

Deno.test("whatever stands on a line, it is a message of the schema, and JSON comes through as it is", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    messageSchema.parse(parseMessage(text));
  }));
  fc.assert(
    fc.property(anyJson, fc.string({ unit: "grapheme" }), (payload, text) => {
      const sent = JSON.parse(JSON.stringify(payload));
      assert.deepEqual(parseMessage(line("report_custom_message", { payload: sent })), {
        kind: "custom",
        payload: sent,
      });
      assert.deepEqual(parseMessage(line("log", { message: text, level: "INFO" })), {
        kind: "log",
        level: "INFO",
        text,
      });
    }),
  );
});

Deno.test("a key __proto__ is kept as it is in whatever is JSON, here and behind the journal", () => {
  const value = '{"__proto__":{"a":[{"__proto__":null}]},"constructor":1}';
  const sent = (method: string, params: string) =>
    parseMessage(`{"__dagster_pipes_version":"0.1","method":"${method}","params":${params}}`);
  for (
    const message of [
      sent("report_custom_message", `{"payload":${value}}`),
      sent("opened", `{"extras":${value}}`),
      withValue(`{"type":"json","raw_value":${value}}`),
    ]
  ) {
    assert.ok(JSON.stringify(message).includes(value), JSON.stringify(message));
    const read = messageSchema.parse(JSON.parse(JSON.stringify(message)));
    assert.equal(JSON.stringify(read), JSON.stringify(message));
  }
});

Deno.test("metadata for the key __proto__ is told, not left out", () => {
  const message = parseMessage(
    `{"__dagster_pipes_version":"0.1","method":"report_asset_materialization","params":{` +
      `"asset_key":"a","metadata":{"__proto__":{"type":"int","raw_value":1}}}}`,
  );
  assert.equal(message.kind, "unreadable");
  assert.match(message.kind === "unreadable" ? message.reason : "", /__proto__/);
});

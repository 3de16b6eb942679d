import assert from "node:assert/strict";
import { asSluiceError, errorInfo, errorInfoSchema, SluiceError, UnexpectedError } from "./mod.ts";

const known = new SluiceError({
  code: "SOME_CODE",
  message: "It broke.",
  next: "Mend it.",
  retryable: true,
  cause: new Error("secret detail"),
});

Deno.test("an error's wire form is all of it but the cause and the stack", () => {
  const info = errorInfo(known);
  assert.deepEqual(info, {
    code: "SOME_CODE",
    message: "It broke.",
    next: "Mend it.",
    retryable: true,
  });
  assert.deepEqual(errorInfoSchema.parse(JSON.parse(JSON.stringify(info))), info);
});

Deno.test("an error of Sluice's own stays itself; any other is told as a defect", () => {
  assert.equal(asSluiceError(known), known);
  for (const thrown of [new TypeError("no"), "text", undefined, null, { code: "X" }]) {
    const error = asSluiceError(thrown);
    assert.ok(error instanceof UnexpectedError);
    assert.equal(error.code, "UNEXPECTED");
    assert.equal(error.retryable, false);
    assert.equal(error.cause, thrown);
  }
});

Deno.test("nothing is retried unless the error says that it may be", () => {
  assert.equal(new SluiceError({ code: "X", message: "", next: "" }).retryable, false);
});

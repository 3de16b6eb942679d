import assert from "node:assert/strict";
import { LocalTransport } from "./local_transport.ts";

Deno.test("however many close a channel, its group is killed once and all wait for that", async () => {
  const transport = new LocalTransport();
  const channel = await transport.open("sleep 300");
  const closing = channel.close();
  assert.equal(channel.close(), closing);
  await transport.close();
  assert.equal(channel.close(), closing);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameReader, newToken, type Token } from "./frames.ts";

const bytesArbitrary = fc.uint8Array({ maxLength: 60 });

function wire(token: Token, output: Uint8Array, trailer: string): Uint8Array {
  const word = `\x1e${token.head}${token.tail}`;
  const encoder = new TextEncoder();
  return Uint8Array.of(
    ...encoder.encode(`${word}<\n`),
    ...output,
    ...encoder.encode(`${word}>${trailer}\n`),
  );
}

Deno.test("frames come out whole however the stream is cut, and noise between them is dropped", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ noise: bytesArbitrary, output: bytesArbitrary }), { maxLength: 5 }),
      bytesArbitrary,
      fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
      (frames, rest, cuts) => {
        const reader = new FrameReader();
        const got: { before: number[]; output: number[]; trailer: string; begun: number }[] = [];
        let stream: number[] = [];
        for (const [index, { noise, output }] of frames.entries()) {
          const token = newToken();
          const frame = {
            before: new Array<number>(),
            output: new Array<number>(),
            trailer: "",
            begun: 0,
          };
          got.push(frame);
          reader.expect(token, {
            before: (bytes) => frame.before.push(...bytes),
            begun: () => frame.begun++,
            data: (bytes) => frame.output.push(...bytes),
            ended: (trailer) => frame.trailer = trailer,
          });
          stream = [...stream, ...noise, ...wire(token, output, `${index} x`)];
        }
        stream.push(...rest);
        const behind: number[] = [];
        for (let position = 0; position < stream.length;) {
          const next = position + (cuts.next().value ?? 1);
          behind.push(...reader.push(Uint8Array.from(stream.slice(position, next))));
          position = next;
        }
        assert.deepEqual(
          got,
          frames.map(({ noise, output }, index) => ({
            before: [...noise],
            output: [...output],
            trailer: `${index} x`,
            begun: 1,
          })),
        );
        assert.deepEqual(behind, [...rest]);
      },
    ),
  );
});

Deno.test("output that holds beginnings of the end mark is given whole", () => {
  const token = newToken();
  const reader = new FrameReader();
  const mark = `\x1e${token.head}${token.tail}>`;
  const output = Array.from({ length: mark.length }, (_, length) => mark.slice(0, length)).join("");
  let got = "";
  let trailer = "";
  reader.expect(token, {
    begun: () => {},
    data: (bytes) => got += new TextDecoder().decode(bytes),
    ended: (text) => trailer = text,
  });
  const stream = wire(token, new TextEncoder().encode(output), "0");
  for (const byte of stream) reader.push(Uint8Array.of(byte));
  assert.equal(got, output);
  assert.equal(trailer, "0");
});

Deno.test("a shell that echoes what it reads does not end a frame", () => {
  const token = newToken();
  const reader = new FrameReader();
  let begun = 0;
  reader.expect(token, { begun: () => begun++, data: () => {}, ended: () => begun++ });
  reader.push(new TextEncoder().encode(`__sluice_mark ${token.head} ${token.tail} '<'\n`));
  assert.equal(begun, 0);
});

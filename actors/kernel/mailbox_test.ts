import assert from "node:assert/strict";
import fc from "fast-check";
import { Mailbox } from "./mailbox.ts";

Deno.test("a mailbox behaves as a bounded queue whatever is put and taken", () => {
  const operation = fc.oneof(
    fc.record({ type: fc.constant("push" as const), times: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ type: fc.constant("anyway" as const), times: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ type: fc.constant("shift" as const), times: fc.integer({ min: 1, max: 40 }) }),
  );
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 100 }),
    fc.array(operation, { maxLength: 40 }),
    (capacity, operations) => {
      const mailbox = new Mailbox<number>(capacity);
      const model: number[] = [];
      let next = 0;
      for (const { type, times } of operations) {
        for (let time = 0; time < times; time++) {
          switch (type) {
            case "push": {
              const fits = model.length < capacity;
              assert.equal(mailbox.push(next), fits);
              if (fits) model.push(next);
              next++;
              break;
            }
            case "anyway":
              mailbox.pushAnyway(next);
              model.push(next++);
              break;
            case "shift":
              assert.equal(mailbox.shift(), model.shift());
          }
          assert.equal(mailbox.size, model.length);
        }
      }
    },
  ));
});

/**
 * What actors leave behind, counted.
 *
 * @module
 */

import { runInNewContext } from "node:vm";
import { setFlagsFromString } from "node:v8";
import { z } from "zod";
import type { TreeNode } from "../kernel/mod.ts";

/** How many actors there are. */
export function countActors(node: TreeNode): number {
  return node.children.reduce((sum, child) => sum + countActors(child), 1);
}

/** How many messages wait in mailboxes. */
export function countMail(node: TreeNode): number {
  return node.children.reduce((sum, child) => sum + countMail(child), node.mailbox);
}

/** Counts who listens to any signal from now on, and has not stopped to. */
export function countListeners(): Disposable & { readonly open: number } {
  const { prototype } = AbortSignal;
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  let open = 0;
  prototype.addEventListener = function (...args: Parameters<typeof addEventListener>) {
    open++;
    return addEventListener.apply(this, args);
  };
  prototype.removeEventListener = function (...args: Parameters<typeof removeEventListener>) {
    open--;
    return removeEventListener.apply(this, args);
  };
  return {
    get open() {
      return open;
    },
    [Symbol.dispose]() {
      Reflect.deleteProperty(prototype, "addEventListener");
      Reflect.deleteProperty(prototype, "removeEventListener");
    },
  };
}

const collectorSchema = z.custom<() => void>((value) => typeof value === "function");

/** Bytes of the heap that are still in use once everything that can be is collected. */
export function usedHeapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = collectorSchema.parse(runInNewContext("gc"));
  collect();
  return Deno.memoryUsage().heapUsed;
}

import type { Benchmark } from "./benchmark.ts";
import { measure } from "./measure.ts";
import { batched, call, inProcess } from "./rpc/calls.ts";
import { fanout } from "./rpc/fanout.ts";
import { RpcServers } from "./rpc/servers.ts";

/** Where the journals lie, from the root of the repository. */
const DIRECTORY = ".sluice/bench/rpc";

/**
 * How fast calls are answered and events are told:
 * - `call`: one call after the other by the client that ships, in another process than the server.
 * - `batched`: 2,000 calls at once, which the client sends in batches.
 * - `in-process`: one call after the other by the client without HTTP.
 * - `fanout-1000`: from the journal's append of an event to its arrival at the last of 1,000 subscribers.
 *
 * The limit of the first two is a bare `Deno.serve` that answers the same requests with the same bytes;
 * that of `in-process` is the function behind the procedure, called directly, and a copy of its answer; that of `fanout-1000` is a
 * bare `Deno.serve` that writes the same bytes to 1,000 open streams. The calls read a job from a journal.
 * What the client takes of a call is told by the peer of `call`: our client in front of the bare server.
 */
export const rpc: Benchmark = {
  about: "calls per second, and how soon an event is at 1,000 subscribers",
  async run(tell) {
    const rounds = { measured: 9, warmUp: 3 };
    // A server that runs is compiled for long; one call at a time takes ten thousand until then.
    const longWarmUp = { measured: 9, warmUp: 30 };
    await using servers = await RpcServers.start(`${DIRECTORY}/server/journal.db`);
    tell(await measure(await call(servers), longWarmUp));
    tell(await measure(await batched(servers), rounds));
    tell(await measure(await inProcess(`${DIRECTORY}/process/journal.db`), rounds));
    tell(await fanout(servers));
  },
};

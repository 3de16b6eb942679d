import type { RpcServers } from "./servers.ts";
import type { Contender, RateCase } from "../benchmark.ts";
import { createInProcessClient, createSluiceClient } from "../../../rpc/mod.ts";
import { FakeSluice } from "../../../rpc/testing/fake_sluice.ts";
import { JournalWorld } from "./world.ts";

const unit = "calls/s";
/** Calls of a round, one after the other. */
const ALONE = 300;
/** Calls of a round that are made at once. */
const TOGETHER = 2_000;
/** Calls of a round in the process. */
const WITHIN = 3_000;

/** A request as it was sent. */
interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: BodyInit | null;
}

function verify(found: number, expected: number): void {
  if (found !== expected) throw new Error(`${found} answers of ${expected} are right`);
}

/** Makes calls with the client that ships, and keeps what it sends and is answered. */
async function record(
  { ours, token }: RpcServers,
  calls: (client: ReturnType<typeof createSluiceClient>) => Promise<unknown>,
): Promise<{ readonly sent: Sent; readonly answer: string; readonly requests: number }> {
  let last: { readonly sent: Sent; readonly answer: string } | undefined;
  let requests = 0;
  const client = createSluiceClient({
    url: ours,
    token,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      requests++;
      last ??= {
        sent: {
          url: String(input),
          method: init?.method ?? "GET",
          headers: new Headers(init?.headers),
          body: init?.body ?? null,
        },
        answer: await response.clone().text(),
      };
      return response;
    },
  });
  await calls(client);
  if (last === undefined) throw new Error("nothing was sent");
  return { ...last, requests };
}

/** The same request to the bare server, which answers the same bytes. */
async function bareRequest(servers: RpcServers, sent: Sent, answer: string) {
  await (await fetch(servers.bare, { method: "PUT", body: answer })).text();
  const { pathname, search } = new URL(sent.url);
  const { method, headers, body } = sent;
  return async () => {
    const response = await fetch(`${servers.bare}${pathname}${search}`, { method, headers, body });
    return await response.text();
  };
}

/** One call after the other. */
export async function call(servers: RpcServers): Promise<RateCase> {
  const client = createSluiceClient({ url: servers.ours, token: servers.token });
  const id = servers.jobId;
  const { sent, answer } = await record(servers, (client) => client.jobs.get.query({ id }));
  const request = await bareRequest(servers, sent, answer);
  const toBare = createSluiceClient({ url: servers.bare, token: servers.token });
  return {
    name: "call",
    unit,
    ours: times(ALONE, async () => (await client.jobs.get.query({ id })).id === id),
    limit: times(ALONE, async () => await request() === answer),
    peers: {
      "same client, bare server": times(
        ALONE,
        async () => (await toBare.jobs.get.query({ id })).id === id,
      ),
    },
  };
}

/** Many calls at once, which travel in batches. */
export async function batched(servers: RpcServers): Promise<RateCase> {
  const client = createSluiceClient({ url: servers.ours, token: servers.token });
  const id = servers.jobId;
  const together = (client: ReturnType<typeof createSluiceClient>) =>
    Promise.all(Array.from({ length: TOGETHER }, () => client.jobs.get.query({ id })));
  const { sent, answer, requests } = await record(servers, together);
  const request = await bareRequest(servers, sent, answer);
  return {
    name: "batched",
    unit,
    ours: {
      async run() {
        const jobs = await together(client);
        verify(jobs.filter((job) => job.id === id).length, TOGETHER);
        return TOGETHER;
      },
    },
    limit: {
      async run() {
        const answers = await Promise.all(Array.from({ length: requests }, request));
        verify(answers.filter((one) => one === answer).length, requests);
        return TOGETHER;
      },
    },
    peers: {},
  };
}

/** The client without HTTP, against the function behind the procedure. */
export async function inProcess(journal: string): Promise<RateCase> {
  const world = await JournalWorld.open(journal);
  const api = world.api(new FakeSluice());
  const client = createInProcessClient(api);
  const id = world.jobId;
  return {
    name: "in-process",
    unit,
    ours: {
      ...times(WITHIN, async () => (await client.jobs.get.query({ id })).id === id),
      close: () => world.close(),
    },
    limit: times(WITHIN, async () => copy(await api.jobs.get(id)).id === id),
    peers: {},
  };
}

/** What both sides of a call need at the least, so that neither can change what the other has. */
function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

/** One call after the other, each of which must be answered right. */
function times(count: number, one: () => Promise<boolean>): Contender {
  return {
    async run() {
      let right = 0;
      for (let done = 0; done < count; done++) if (await one()) right++;
      verify(right, count);
      return count;
    },
  };
}

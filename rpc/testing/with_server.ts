/**
 * A fake Sluice behind a real server, for one test.
 *
 * @module
 */

import type { SluiceClient } from "../client.ts";
import { createSluiceClient } from "../client.ts";
import type { RunningServer, ServeOptions } from "../server.ts";
import { serve } from "../server.ts";
import { FakeSluice } from "./fake_sluice.ts";

/** Token of the tests' servers. */
export const testToken = "0123456789abcdef0123456789abcdef";

/** What a test gets. */
export interface Bench {
  readonly api: FakeSluice;
  readonly server: RunningServer;
  readonly client: SluiceClient;
}

/** Runs a test against a server of its own. */
export async function withServer(
  test: (bench: Bench) => Promise<void>,
  options: Partial<ServeOptions> = {},
): Promise<void> {
  const api = new FakeSluice();
  await using server = serve(api, { token: testToken, port: 0, ...options });
  await test({ api, server, client: createSluiceClient({ url: server.url, token: testToken }) });
}

/**
 * The cluster of a command that names none.
 *
 * @module
 */

import type { SluiceClient } from "../rpc/mod.ts";
import { UsageError } from "./errors.ts";

/**
 * The name of the only cluster that there is.
 *
 * @throws {UsageError} There are several, or none.
 */
export async function onlyCluster(client: SluiceClient): Promise<string> {
  const names = (await client.clusters.list.query()).map(({ name }) => name);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  throw new UsageError(
    `There are ${names.length} clusters, and none was named.`,
    `Add --cluster with one of: ${names.join(", ")}`,
  );
}

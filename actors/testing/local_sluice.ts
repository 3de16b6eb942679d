/**
 * A Sluice whose only cluster is this machine.
 *
 * @module
 */

import { join } from "node:path";
import { clusterConfigSchema, clusterNameSchema } from "../../model/mod.ts";
import { Sluice } from "../mod.ts";

/** The name of the cluster. */
export const HERE = clusterNameSchema.parse("here");

/** A test with such a Sluice, on a directory of its own. */
export function localSluiceTest(
  name: string,
  body: (sluice: Sluice, directory: string) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const directory = await Deno.makeTempDir({ prefix: "sluice-test-" });
    try {
      await using sluice = await Sluice.open({
        config: {
          dataDirectory: join(directory, "data"),
          clusters: {
            [HERE]: clusterConfigSchema.parse({
              type: "local",
              remoteDirectory: join(directory, "it's remote"),
              poll: { minSeconds: 0.2, maxSeconds: 0.5 },
              resources: "ignore",
            }),
          },
        },
      });
      await body(sluice, directory);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

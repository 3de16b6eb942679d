/**
 * The id by which this server's files on clusters are told from those of others.
 *
 * @module
 */

import { join } from "node:path";
import { z } from "zod";

const idSchema = z.uuid();

/**
 * The id that is kept in the data directory, made at the first start.
 *
 * @param dataDirectory An existing directory.
 */
export async function serverId(dataDirectory: string): Promise<string> {
  const path = join(dataDirectory, "server-id");
  try {
    const fresh = crypto.randomUUID();
    await Deno.writeTextFile(path, `${fresh}\n`, { createNew: true, mode: 0o600 });
    return fresh;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    return idSchema.parse((await Deno.readTextFile(path)).trim());
  }
}

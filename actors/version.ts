/**
 * What runs here.
 *
 * @module
 */

import manifest from "../deno.json" with { type: "json" };

/** Version of Sluice. */
export const VERSION: string = manifest.version;

/**
 * The text of a `sluice.yaml`, checked.
 *
 * @module
 */

import { parse } from "@std/yaml";
import type { z } from "zod";
import type { InputIssue } from "../model/mod.ts";
import { inputIssues, pathText } from "../model/mod.ts";
import { ConfigInvalidError } from "./errors.ts";
import { nearestName } from "./nearest_name.ts";
import type { SchemaNames } from "./schema_names.ts";
import { schemaNames } from "./schema_names.ts";
import { sluiceFileSchema } from "./schema.ts";
import { yamlLines } from "./yaml_lines.ts";

/** What `sluice.yaml` said, with the defaults that do not depend on the machine. */
export type SluiceFile = z.infer<typeof sluiceFileSchema>;

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    // The parser's message goes on with an excerpt of the file, which may hold a secret.
    const [first = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    const line = /\bline (\d+)/.exec(first)?.[1] ?? "1";
    const what = first.replace(/\s*\(?at line.*$/, "");
    throw new ConfigInvalidError(
      [`${path}:${line}: ${what}`],
      "Correct the YAML at that line; a missing blank after ':' and a tab are the usual causes.",
    );
  }
}

function explain(issue: InputIssue, names: SchemaNames): string {
  const where = issue.path.length === 0 ? "" : `${pathText(issue.path)}: `;
  if (issue.unknownKey) {
    const known = names.namesAt(issue.path.slice(0, -1));
    const near = nearestName(String(issue.path.at(-1)), known);
    return `${where}is not a known name. ${
      near === undefined ? `Known are ${known.join(", ")}.` : `Did you mean '${near}'?`
    }`;
  }
  const description = names.descriptionAt(issue.path);
  return `${where}${issue.message}.${description === undefined ? "" : ` ${description}`}`;
}

/**
 * Reads the text of a configuration file.
 *
 * @param path Its name, for messages.
 * @throws {ConfigInvalidError} With file, line, field and fix of everything that is wrong.
 */
export function parseConfigFile(text: string, path: string): SluiceFile {
  const lines = yamlLines(text);
  if (lines.taggedLine !== undefined) {
    throw new ConfigInvalidError(
      [`${path}:${lines.taggedLine}: tags such as '!name' have no meaning here.`],
      "Write the value itself; put quotes around one that starts with '!'.",
    );
  }
  const parsed = sluiceFileSchema.safeParse(parseYaml(text, path) ?? {});
  if (parsed.success) return parsed.data;
  const names = schemaNames(sluiceFileSchema);
  throw new ConfigInvalidError(
    inputIssues(parsed.error)
      .map((issue) => ({ line: lines.lineOf(issue.path), text: explain(issue, names) }))
      .sort((left, right) => left.line - right.line)
      .map(({ line, text }) => `${path}:${line}: ${text}`),
  );
}

/**
 * What a schema knows at a path: the names of its fields and what they are for.
 *
 * @module
 */

import { z } from "zod";

/** The part of JSON Schema that is walked. */
interface Node {
  readonly description?: string | undefined;
  readonly properties?: Readonly<Record<string, Node>> | undefined;
  readonly additionalProperties?: boolean | Node | undefined;
  readonly items?: Node | undefined;
  readonly anyOf?: readonly Node[] | undefined;
  readonly oneOf?: readonly Node[] | undefined;
}

const nodeSchema: z.ZodType<Node> = z.lazy(() =>
  z.object({
    description: z.string().optional(),
    properties: z.record(z.string(), nodeSchema).optional(),
    additionalProperties: z.union([z.boolean(), nodeSchema]).optional(),
    items: nodeSchema.optional(),
    anyOf: z.array(nodeSchema).optional(),
    oneOf: z.array(nodeSchema).optional(),
  })
);

function alternatives(node: Node): readonly Node[] {
  return [node, ...[...node.anyOf ?? [], ...node.oneOf ?? []].flatMap(alternatives)];
}

function child(node: Node, key: string | number): Node | undefined {
  if (typeof key === "number") return node.items;
  const rest = typeof node.additionalProperties === "object"
    ? node.additionalProperties
    : undefined;
  return node.properties?.[key] ?? rest;
}

/** Names and descriptions of a schema's fields. */
export interface SchemaNames {
  /** Names of the fields at a path, those of all branches of a union together. */
  namesAt(path: readonly (string | number)[]): readonly string[];
  /** What the field at the path is for, where the schema says so. */
  descriptionAt(path: readonly (string | number)[]): string | undefined;
}

/** Reads the names and descriptions out of a schema. */
export function schemaNames(schema: z.ZodType): SchemaNames {
  const root = nodeSchema.parse(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
  const at = (path: readonly (string | number)[]): readonly Node[] =>
    path.reduce<readonly Node[]>(
      (nodes, key) => nodes.flatMap(alternatives).flatMap((node) => child(node, key) ?? []),
      [root],
    );
  return {
    namesAt: (path) => [
      ...new Set(
        at(path).flatMap(alternatives).flatMap((node) => Object.keys(node.properties ?? {})),
      ),
    ],
    // That of a union's branch says nothing of the field itself.
    descriptionAt: (path) => at(path).find((node) => node.description !== undefined)?.description,
  };
}

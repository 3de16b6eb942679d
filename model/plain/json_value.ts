/**
 * Values that JSON can say.
 *
 * @module
 */

/** A value that JSON can say. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** How deep arrays and objects may stand in each other: parsers elsewhere have limits too. */
const MAX_JSON_DEPTH = 500;

interface Place {
  readonly value: unknown;
  readonly path: string;
  readonly depth: number;
}

/** Whether an object is nothing but its own properties. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Of another realm too, such as that of a frame.
  return prototype === null ||
    (typeof prototype === "object" && Object.getPrototypeOf(prototype) === null);
}

/** Why JSON cannot say the value, as a sentence that names the place; undefined where it can. */
export function jsonProblem(value: unknown): string | undefined {
  const open: Place[] = [{ value, path: "$", depth: 0 }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { value, path, depth } = place;
    switch (typeof value) {
      case "string":
      case "boolean":
        continue;
      case "number":
        if (Number.isFinite(value)) continue;
        return `${path} is ${value}`;
      case "object": {
        if (value === null) continue;
        if (depth >= MAX_JSON_DEPTH) return `${path.slice(0, 100)} is nested too deeply`;
        if (Array.isArray(value)) {
          for (let index = value.length - 1; index >= 0; index--) {
            open.push({ value: value[index], path: `${path}[${index}]`, depth: depth + 1 });
          }
          continue;
        }
        if (!isPlain(value)) return `${path} is an object of a class`;
        for (const [key, item] of Object.entries(value)) {
          open.push({ value: item, path: `${path}[${JSON.stringify(key)}]`, depth: depth + 1 });
        }
        continue;
      }
      case "undefined":
      case "bigint":
      case "function":
      case "symbol":
        return `${path} is of the type ${typeof value}`;
    }
  }
  return undefined;
}

/** Whether JSON can say all of the values. */
export function areJson(values: readonly unknown[]): values is readonly JsonValue[] {
  return jsonProblem(values) === undefined;
}

/**
 * The program that a script's first line names. Pure.
 *
 * @module
 */

/** Name of the program that reads the script, without its directory; empty where the first line names none. */
export function interpreterOf(script: string): string {
  const [first = ""] = script.split("\n", 1);
  if (!first.startsWith("#!")) return "";
  const words = first.slice(2).trim().split(/\s+/).map((word) => word.replace(/^.*\//, ""));
  const [program = "", ...rest] = words;
  return program === "env"
    ? rest.find((word) => !word.startsWith("-") && !word.includes("=")) ?? ""
    : program;
}

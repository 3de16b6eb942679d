/**
 * Where a script calls the function of its job.
 *
 * @module
 */

/** What stands for the call, or in double braces for itself. */
const PLACE = /\{\{task\.fn\}\}|\{task\.fn\}/g;

/** Whether the script calls the function anywhere. */
export function callsFunction(script: string): boolean {
  return script.match(PLACE)?.includes("{task.fn}") === true;
}

/** The script with the command that calls the function in its places. */
export function withFunction(script: string, command: string): string {
  return script.replace(PLACE, (place) => place === "{task.fn}" ? command : "{task.fn}");
}

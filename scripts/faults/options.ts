/**
 * The words of `deno task faults`. Pure.
 *
 * @module
 */

/** What a run is asked to do. */
export interface RunOptions {
  /** Everything that is drawn comes from it. */
  readonly seed: number;
  /** Rounds of each fault; for `cut-submission`, the places to cut at. Default: each fault's own. */
  readonly rounds?: number;
  /** Names of the faults; empty for all. */
  readonly faults: readonly string[];
}

/** What the command line says. */
export type Asked =
  | { readonly kind: "run"; readonly options: RunOptions; readonly json: boolean }
  | { readonly kind: "wrong"; readonly text: string };

function wholeNumber(text: string | undefined, least: number): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) >= least &&
      Number(text) < 2 ** 32
    ? Number(text)
    : undefined;
}

/**
 * Reads the command line.
 *
 * @param known Names of all faults.
 * @param anySeed The seed where none is named.
 */
export function parseOptions(
  args: readonly string[],
  known: readonly string[],
  anySeed: number,
): Asked {
  const faults: string[] = [];
  let seed = anySeed;
  let rounds: number | undefined;
  let json = false;
  const left = args.flatMap((arg) => {
    const [, name, value] = /^(--[a-z]+)=(.*)$/.exec(arg) ?? [];
    return name === undefined || value === undefined ? [arg] : [name, value];
  });
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    switch (arg) {
      case "--json":
        json = true;
        break;
      case "--seed": {
        const given = wholeNumber(left.shift(), 0);
        if (given === undefined) return { kind: "wrong", text: "--seed needs a whole number" };
        seed = given;
        break;
      }
      case "--rounds": {
        rounds = wholeNumber(left.shift(), 1);
        if (rounds === undefined) return { kind: "wrong", text: "--rounds needs a number from 1" };
        break;
      }
      case "--fault": {
        const name = left.shift() ?? "";
        if (!known.includes(name)) return { kind: "wrong", text: `there is no fault '${name}'` };
        if (!faults.includes(name)) faults.push(name);
        break;
      }
      default:
        return { kind: "wrong", text: `'${arg}' is not understood` };
    }
  }
  return {
    kind: "run",
    options: { seed, faults, ...(rounds === undefined ? {} : { rounds }) },
    json,
  };
}

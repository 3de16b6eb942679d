/**
 * The reasons that name a limit, such as `QOSMaxCpuPerUserLimit`: over a hundred words made from a few
 * parts, so the parts are explained rather than the words.
 *
 * Source: job_state_reason.c; slurm.schedmd.com/resource_limits.html.
 *
 * @module
 */

const pattern =
  /^(Assoc|QOS)?(Grp|Max|Min)(Cpu|CPU|Memory|Mem|Node|SubmitJobs|SubmitJob|Jobs|WallDuration|Wall|GRES|License|BB|Energy|Billing|Unknown)(RunMinutes|Minutes)?(?:Per(Job|Node|User|Account))?(Limit|NotSatisfied)?$/;

/**
 * What a word that names a limit means.
 *
 * @returns `undefined` for words that do not.
 */
export function explainLimit(word: string): string | undefined {
  const match = pattern.exec(word);
  if (match === null) return undefined;
  const [, owner, bound = "", resource = "", minutes, scope] = match;
  if (owner === undefined && scope !== "Account") return undefined;
  const whose = owner === "Assoc" ? "the account" : "the quality of service";
  const what = amount(resource, minutes);
  switch (bound) {
    case "Min":
      return `The job asks for fewer ${what} than ${whose} demands.`;
    case "Grp":
      return `All jobs of ${whose} together have reached its limit on ${what}.`;
    default:
      return maximum(whose, what, scope, resource);
  }
}

function maximum(whose: string, what: string, scope: string | undefined, resource: string): string {
  switch (scope) {
    case "User":
      return `You have reached the limit on ${what} that ${whose} sets for one user.`;
    case "Account":
      return `Your account has reached the limit on ${what} that ${whose} sets for one account.`;
    case "Node":
      return `The job asks for more ${what} on one node than ${whose} allows.`;
    case "Job":
      return `The job asks for more ${what} than ${whose} allows one job.`;
    default:
      return resource.includes("Job")
        ? `You have reached the limit on ${what} that ${whose} sets.`
        : `The job asks for more ${what} than ${whose} allows.`;
  }
}

function amount(resource: string, minutes: string | undefined): string {
  const name = resourceName(resource);
  if (minutes === undefined) return name;
  return minutes === "Minutes" ? `minutes of ${name}` : `minutes of ${name} for running jobs`;
}

function resourceName(resource: string): string {
  switch (resource) {
    case "Cpu":
    case "CPU":
      return "processors";
    case "Mem":
    case "Memory":
      return "units of memory";
    case "Node":
      return "nodes";
    case "Jobs":
      return "running jobs";
    case "SubmitJobs":
    case "SubmitJob":
      return "jobs in the queue";
    case "Wall":
    case "WallDuration":
      return "hours of run time";
    case "GRES":
      return "GPUs or other generic resources";
    case "License":
      return "licenses";
    case "BB":
      return "units of burst buffer";
    case "Energy":
      return "units of energy";
    case "Billing":
      return "billing units";
    default:
      return "units of some resource";
  }
}

/**
 * The launcher for Spark.
 *
 * @module
 */

import type { Payload, SparkLauncherSpec } from "../model/mod.ts";
import { argumentWords, payloadCommand, withEnvironment } from "./bash.ts";
import type { PayloadCommand } from "./bash.ts";
import { ClusterNamedError, NotStartedSoError, PayloadNotLaunchableError } from "./errors.ts";
import { interpreterOf } from "./interpreter.ts";
import type { ExecutionPlan, Launcher, LaunchPlace, Work } from "./plan.ts";
import { askedProperties, DAEMON_LOGGING } from "./spark/properties.ts";
import { sparkScript } from "./spark/script.ts";
import { SPARK_LOGGING_FILE, SPARK_PROPERTIES_FILE, SPARK_SCRIPT_FILE } from "./spark/terms.ts";
import type { SparkApplication, SparkMaster } from "./spark/terms.ts";

/** Whether the interpreter that a script's first line names is a Python. */
function isPython(script: string): boolean {
  return /^(python|pypy)[\d.]*$/.test(interpreterOf(script));
}

/** An application as the script runs it, its words, and what goes with it. */
interface Application extends Omit<PayloadCommand, "command"> {
  readonly application: SparkApplication;
  /** Quoted for the shell. */
  readonly words: string;
}

/** spark-submit starts the application by itself. */
function refuseWrapper({ wrapper }: Pick<Work, "wrapper">): void {
  if (wrapper.length > 0) throw new NotStartedSoError("wrapper", "spark");
}

function applicationOf({ payload, ...work }: Work): Application {
  const terms = { ...work, environment: {} };
  switch (payload.kind) {
    case "remote_script":
    case "function": {
      const { command, ...rest } = payloadCommand(payload, terms);
      return { ...rest, application: { kind: "program" }, words: command };
    }
    case "script": {
      const { command, ...rest } = payloadCommand(payload, terms);
      if (isPython(payload.script)) refuseWrapper(terms);
      return isPython(payload.script)
        ? {
          ...rest,
          application: { kind: "script" },
          words: argumentWords(payload.arguments, terms),
        }
        : { ...rest, application: { kind: "program" }, words: command };
    }
    case "command": {
      const { command, ...rest } = payloadCommand(payload, terms);
      const submitted = /\.(py|jar)$/.test(payload.command[0] ?? "");
      if (submitted) refuseWrapper(terms);
      return { ...rest, application: { kind: submitted ? "submit" : "program" }, words: command };
    }
    case "cluster":
      return {
        application: { kind: "none" },
        words: "",
        files: [],
        directives: [],
        directiveOptions: [],
      };
    case "allocation":
      throw new PayloadNotLaunchableError(payload.kind, "spark");
  }
}

function masterOf(spec: SparkLauncherSpec, payload: Payload, place: LaunchPlace): SparkMaster {
  if (payload.kind === "cluster") {
    if (spec.master !== undefined) throw new ClusterNamedError("master");
    return { kind: "own" };
  }
  if (spec.master !== undefined) return { kind: "existing", url: spec.master };
  if (place.standing !== undefined) {
    return { kind: "standing", directory: place.standing.directory };
  }
  return { kind: place.kind === "host" ? "local" : "own" };
}

/**
 * Starts a standalone Spark across the nodes of the job, or finds one that runs already, then the payload; and
 * ends all that it started, whatever the payload does.
 *
 * A Python script, and a command whose first word is a `.py` or `.jar` file, is handed to spark-submit: the rest
 * of the command are its arguments. Any other script or command is run as it is, with SPARK_MASTER, MASTER,
 * SPARK_HOME, SPARK_CONF_DIR and PATH set, so that whatever starts Spark there uses this one. A payload
 * `cluster` is Spark itself, which stands until the job is cancelled.
 */
export const sparkLauncher: Launcher = {
  plan(work: Work, place: LaunchPlace): ExecutionPlan {
    const { payload, launcher, environment } = work;
    if (launcher.kind !== "spark") throw new PayloadNotLaunchableError(payload.kind, "spark");
    const { application, words, files, ...directives } = applicationOf(work);
    const master = masterOf(launcher, payload, place);
    const own = master.kind === "own";
    const start = (role: string) =>
      `exec ${withEnvironment(environment, "sh", `"$sluice_dir"/${SPARK_SCRIPT_FILE} ${role}`)}`;
    const logging = { name: SPARK_LOGGING_FILE, text: DAEMON_LOGGING, executable: false };
    return {
      files: [
        ...files,
        {
          name: SPARK_SCRIPT_FILE,
          text: sparkScript(launcher, master, application),
          executable: true,
        },
        { name: SPARK_PROPERTIES_FILE, text: askedProperties(launcher), executable: false },
        ...(own ? [logging] : []),
      ],
      body: [
        start(
          `first "$sluice_dir" "$sluice_spool" "$sluice_attempt" "$sluice_task" "$sluice_restart" ${words}`,
        ),
      ],
      ...(own && place.kind === "allocation" ? { peers: [start('other "$sluice_dir"')] } : {}),
      ...directives,
    };
  },
};

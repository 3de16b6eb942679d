/**
 * What runs once Spark is there. Pure.
 *
 * @module
 */

import type { SparkLauncherSpec } from "../../model/mod.ts";
import { quote } from "../../shell/mod.ts";
import { PAYLOAD_FILE } from "../bash.ts";
import { SPARK_MASTER_EXIT_CODE } from "./terms.ts";
import type { SparkApplication } from "./terms.ts";

/** Gives the trap at the script's end the exit status of the application, which is the job's. */
const AWAIT = ["sluice_await", '(exit "$sluice_code")'];

/** Runs the application, or stands until it is told to end. */
export function runApplication(spec: SparkLauncherSpec, application: SparkApplication): string[] {
  const told = `trap 'sluice_told=1' HUP INT TERM`;
  const submitWords = spec.submitArguments.map((word) => `${quote(word)} `).join("");
  switch (application.kind) {
    case "script":
      return [
        // spark-submit knows a Python program by its name.
        `ln -s "$sluice_dir/${PAYLOAD_FILE}" "$sluice_run/payload.py"`,
        'set -- "$sluice_run/payload.py" "$@"',
        ...runApplication(spec, { kind: "submit" }),
      ];
    case "submit":
      return [
        told,
        // A signal that the application does not expect would end the JVM around it.
        'sluice_begin sh -c \'trap "" USR1 USR2 && exec "$@"\' sh \\',
        `  "$SPARK_HOME/bin/spark-submit" --master "$SPARK_MASTER" ${submitWords}"$@"`,
        ...AWAIT,
      ];
    case "program":
      return [told, 'sluice_begin "$@"', ...AWAIT];
    case "none":
      return [
        // A shell says of what a signal ended that it was.
        '{ while kill -s 0 "$sluice_master"; do sleep 1; done; } 2>/dev/null',
        "printf 'sluice: the Spark master ended; see %s\\n' \"$sluice_run\" >&2",
        `(exit ${SPARK_MASTER_EXIT_CODE})`,
      ];
  }
}

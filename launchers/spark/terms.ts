/**
 * What a run of Spark is made of, beside the options of the spec.
 *
 * @module
 */

/** Name of the script in the attempt's directory. */
export const SPARK_SCRIPT_FILE = "spark.sh";

/** Name of the file with the properties that the spec asks for. */
export const SPARK_PROPERTIES_FILE = "spark.properties";

/** Name of the file that says how Spark's daemons log. */
export const SPARK_LOGGING_FILE = "spark-log4j2.properties";

/** Where the application finds its master. */
export type SparkMaster =
  /** One is started, with a worker on every node. */
  | { readonly kind: "own" }
  /** It runs already. */
  | { readonly kind: "existing"; readonly url: string }
  /** In a job that keeps a cluster standing: its attempt's directory. */
  | { readonly kind: "standing"; readonly directory: string }
  /** None: the driver does the work itself, on all processors of its machine. */
  | { readonly kind: "local" };

/** What runs once Spark is there. */
export type SparkApplication =
  /** The job's script, which spark-submit runs as a Python program. */
  | { readonly kind: "script" }
  /** An application for spark-submit, by its path. */
  | { readonly kind: "submit" }
  /** A program that finds Spark by its variables. */
  | { readonly kind: "program" }
  /** Nothing: the cluster stands until the job is cancelled. */
  | { readonly kind: "none" };

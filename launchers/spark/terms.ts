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

/** Name of the file in the attempt's directory that tells of the cluster while it can be used. */
export const CLUSTER_FILE = "cluster";

/** Name of the file beside {@linkcode CLUSTER_FILE} with the secret that the cluster asks for. */
export const CLUSTER_SECRET_FILE = "cluster_secret";

/** Exit status of a job whose cluster, which another job keeps standing, is not there. */
export const SPARK_GONE_EXIT_CODE = 68;

/** Exit status of a job on whose node there is no Spark, or no Java. */
export const SPARK_MISSING_EXIT_CODE = 69;

/** Exit status of a job whose master did not come up, or ended. */
export const SPARK_MASTER_EXIT_CODE = 70;

/** Exit status of a job whose workers did not all register with the master. */
export const SPARK_WORKERS_EXIT_CODE = 71;

/** Exit status of a job that asks for executors which fit into no worker. */
export const SPARK_MISFIT_EXIT_CODE = 78;

/** Where the application finds its master. */
export type SparkMaster =
  /** One is started, with a worker on every node. */
  | { readonly kind: "own" }
  /** It runs already. */
  | { readonly kind: "existing"; readonly url: string }
  /** It is another job's, by that job's directory as it is seen from the job's own. */
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

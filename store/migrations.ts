/**
 * The schema of the journal, as the ordered list of steps that lead to it.
 *
 * @module
 */

/**
 * SQL of each step; after the first n of them the schema has version n. A released step is never
 * changed: a new one is added.
 *
 * Jobs and clusters have small integers as keys beside their names, since each index entry of a million
 * events holds one. The specification stands in the first event only. The tasks of arrays have rows of
 * their own, so that a change of one of thousands writes one.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE clusters (
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    events INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE jobs (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    cluster INTEGER NOT NULL REFERENCES clusters (key),
    phase TEXT NOT NULL,
    accepted_at REAL NOT NULL,
    events INTEGER NOT NULL,
    ended INTEGER,
    view TEXT NOT NULL
  ) STRICT;
  CREATE INDEX jobs_by_time ON jobs (accepted_at);
  CREATE INDEX jobs_by_cluster ON jobs (cluster, accepted_at);
  CREATE INDEX jobs_by_phase ON jobs (phase, accepted_at);
  CREATE INDEX jobs_by_cluster_and_phase ON jobs (cluster, phase, accepted_at);
  CREATE INDEX live_jobs ON jobs (cluster) WHERE ended IS NULL;

  CREATE TABLE job_labels (
    label TEXT NOT NULL,
    accepted_at REAL NOT NULL,
    job INTEGER NOT NULL REFERENCES jobs (key),
    cluster INTEGER NOT NULL,
    phase TEXT NOT NULL,
    PRIMARY KEY (label, accepted_at, job)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX job_labels_by_phase ON job_labels (label, phase, accepted_at, job, cluster);

  CREATE TABLE job_events (
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL REFERENCES jobs (key),
    cluster INTEGER NOT NULL REFERENCES clusters (key),
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    fact TEXT NOT NULL
  ) STRICT;
  CREATE INDEX job_events_by_job ON job_events (job);
  CREATE INDEX job_events_by_cluster ON job_events (cluster);

  CREATE TABLE cluster_events (
    id INTEGER PRIMARY KEY,
    cluster INTEGER NOT NULL REFERENCES clusters (key),
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    fact TEXT NOT NULL
  ) STRICT;
  CREATE INDEX cluster_events_by_cluster ON cluster_events (cluster);

  CREATE TABLE set_aside (
    last_id INTEGER NOT NULL,
    file TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE idempotency_keys (
    idempotency_key TEXT PRIMARY KEY,
    job INTEGER NOT NULL REFERENCES jobs (key)
  ) STRICT, WITHOUT ROWID;

  ALTER TABLE jobs ADD COLUMN ended_at REAL;
  ALTER TABLE jobs ADD COLUMN files_removed_at REAL;
  UPDATE jobs SET ended_at = (SELECT at FROM job_events WHERE id = jobs.ended)
    WHERE ended IS NOT NULL;
  CREATE INDEX ended_jobs_with_files ON jobs (cluster, phase, ended_at)
    WHERE ended_at IS NOT NULL AND files_removed_at IS NULL;
  `,
  `
  CREATE TABLE job_tasks (
    job INTEGER NOT NULL REFERENCES jobs (key),
    task INTEGER NOT NULL,
    view TEXT NOT NULL,
    PRIMARY KEY (job, task)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO job_tasks (job, task, view)
    SELECT jobs.key, json_extract(tasks.value, '$.task'), tasks.value
    FROM jobs, json_each(jobs.view, '$.tasks') AS tasks
    WHERE json_type(jobs.view, '$.tasks') = 'array';
  UPDATE jobs SET view = json_set(json_remove(view, '$.tasks'), '$.taskPhases',
    (SELECT json_group_object(phase, tasks) FROM
      (SELECT json_extract(job_tasks.view, '$.phase') AS phase, count(*) AS tasks
        FROM job_tasks WHERE job_tasks.job = jobs.key GROUP BY 1)))
    WHERE json_type(view, '$.tasks') = 'array';
  `,
];

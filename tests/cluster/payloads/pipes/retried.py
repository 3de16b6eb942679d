"""Which run it is, in which attempt: the first one fails."""

import sys

from dagster_pipes import open_dagster_pipes

with open_dagster_pipes() as pipes:
    pipes.log.info(f"attempt {pipes.retry_number} at {pipes.job_name} in {pipes.run_id}")
    if pipes.retry_number == 0:
        pipes.close()
        sys.exit(3)
    pipes.report_asset_materialization({"attempt": pipes.retry_number})

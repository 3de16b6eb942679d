"""The partition, or the range of them, that it is to make."""

from dagster_pipes import DagsterPipesError, open_dagster_pipes

with open_dagster_pipes() as pipes:
    try:
        key = pipes.partition_key
    except DagsterPipesError as error:
        key = str(error)
    pipes.report_custom_message(
        {
            "is_partition_step": pipes.is_partition_step,
            "partition_key": key,
            "partition_key_range": pipes.partition_key_range,
            "partition_time_window": pipes.partition_time_window,
        }
    )
    pipes.report_asset_materialization({"rows": 12})

"""What a payload is told of several assets, and what it cannot ask of them."""

from dagster_pipes import DagsterPipesError, open_dagster_pipes

with open_dagster_pipes() as pipes:
    pipes.report_custom_message(
        {
            "is_asset_step": pipes.is_asset_step,
            "is_partition_step": pipes.is_partition_step,
            "asset_keys": sorted(pipes.asset_keys),
            "code_version_by_asset_key": dict(pipes.code_version_by_asset_key),
            "provenance_by_asset_key": dict(pipes.provenance_by_asset_key),
        }
    )
    for name in ["asset_key", "code_version", "provenance", "partition_key", "partition_key_range", "partition_time_window"]:
        try:
            getattr(pipes, name)
        except DagsterPipesError as error:
            pipes.log.info(f"{name}: {error}")
    try:
        pipes.report_asset_materialization(asset_key="not/one/of/them")
    except DagsterPipesError as error:
        pipes.log.info(str(error).split("`")[0])
    for key in sorted(pipes.asset_keys):
        pipes.report_asset_materialization({"key": key}, asset_key=key)

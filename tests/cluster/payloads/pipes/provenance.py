"""From what its one asset was made the last time."""

from dagster_pipes import open_dagster_pipes

with open_dagster_pipes() as pipes:
    pipes.report_custom_message(
        {
            "asset_key": pipes.asset_key,
            "code_version": pipes.code_version,
            "provenance": pipes.provenance,
        }
    )
    pipes.report_asset_materialization(data_version=f"made by {pipes.code_version}")

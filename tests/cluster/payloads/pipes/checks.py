"""Checks of two assets, with either severity and outcome."""

from dagster_pipes import open_dagster_pipes

with open_dagster_pipes() as pipes:
    first, second = pipes.asset_keys
    pipes.report_asset_check("no_gaps", passed=True, asset_key=first)
    pipes.report_asset_check(
        "plausible",
        passed=False,
        severity="WARN",
        metadata={"worst": 17.5, "where": {"type": "url", "raw_value": "https://example.org"}},
        asset_key=first,
    )
    pipes.report_asset_check("no_gaps", passed=False, severity="ERROR", asset_key=second)
    pipes.report_asset_materialization(asset_key=second, data_version="7")
    pipes.report_asset_materialization(asset_key=first)

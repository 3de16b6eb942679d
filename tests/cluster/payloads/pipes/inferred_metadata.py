"""Metadata whose types are to be seen from the values."""

from dagster_pipes import DagsterPipesError, open_dagster_pipes

with open_dagster_pipes() as pipes:
    pipes.report_asset_materialization(
        metadata={
            "text": "words",
            "number in words": "12",
            "int": 3,
            "negative": -7,
            "large": 12345678901234567890,
            "float": 0.1,
            "whole": 1.0,
            "huge": 1e300,
            "not a number": float("nan"),
            "endless": float("-inf"),
            "bool": True,
            "list": [1, "two", {"three": 3.0}],
            "nothing": None,
        },
    )
    try:
        pipes.report_asset_materialization()
    except DagsterPipesError as error:
        pipes.log.info(str(error))
    try:
        pipes.report_asset_check("bad", passed=True, metadata={"a": {"b": 1}})
    except DagsterPipesError as error:
        pipes.log.info(str(error))

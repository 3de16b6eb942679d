"""A materialization with a value of each type that can be named."""

from dagster_pipes import open_dagster_pipes

COLUMNS = [
    {"name": "level", "type": "float", "description": "in metres", "tags": {"unit": "m"}},
    {"name": "place", "type": "string", "constraints": {"nullable": False, "unique": True, "other": ["short"]}},
]


def typed(kind, value):
    return {"type": kind, "raw_value": value}


with open_dagster_pipes() as pipes:
    pipes.report_asset_materialization(
        metadata={
            "text": typed("text", "levels of the tides"),
            "url": typed("url", "https://example.org/tides?a=1&b=2"),
            "path": typed("path", "/data/tides it's.csv"),
            "notebook": typed("notebook", "/data/tides.ipynb"),
            "json": typed("json", {"a": [1, 2.5, None, True], "ü": {}}),
            "md": typed("md", "# Tides\n\n*high*"),
            "float": typed("float", 1.5),
            "whole float": typed("float", 2.0),
            "int": typed("int", 42),
            "large int": typed("int", 2**70),
            "bool": typed("bool", False),
            "dagster_run": typed("dagster_run", "11111111-2222-3333-4444-555555555555"),
            "asset": typed("asset", "tides/raw"),
            "null": typed("null", None),
            "table": typed("table", {"records": [{"level": 1.5, "place": "Cuxhaven"}], "schema": COLUMNS}),
            "table_schema": typed("table_schema", {"columns": COLUMNS}),
            "table_column_lineage": typed(
                "table_column_lineage",
                {"deps_by_column": {"level": [{"asset_key": "tides/raw", "column_name": "height"}]}},
            ),
            "timestamp": typed("timestamp", 1_700_000_000.25),
        },
        data_version="2024-01",
    )

"""What Dagster itself makes of the payloads in a directory, as JSON: one object for each run.

Each payload is run as a process by an asset that Dagster materializes, over an open Pipes session. What is
printed is what came out at Dagster's end: the log, the materializations, the checks, the custom messages, what
was printed for others, and the exceptions by which messages were closed, with the context that it had given.
"""

import contextlib
import io
import json
import logging
import math
import os
import subprocess
import sys

import dagster
from dagster import AssetCheckSpec, AssetKey, AssetSpec, DagsterInstance, MetadataValue
from dagster._core.definitions.metadata import metadata_value as values

PAYLOADS = sys.argv[1]


class Case:
    """A payload, and the assets that it is to make."""

    def __init__(self, name, keys=("tides",), payload=None, versions=None, checks=(), extras=None, partitions=None, partition=None, deps=(), before=0, retries=0, told=None):
        self.name = name
        self.payload = payload or name
        self.keys = keys
        self.versions = versions or {}
        self.checks = checks
        self.extras = extras
        self.partitions = partitions
        self.partition = partition
        self.deps = deps
        self.before = before
        self.retries = retries
        self.told = told or {}


DAILY = dagster.DailyPartitionsDefinition(start_date="2024-01-01", end_date="2024-03-01")
PLACES = dagster.StaticPartitionsDefinition(["Cuxhaven", "Büsum", "List/Sylt"])

CASES = [
    Case("logs"),
    Case("typed_metadata"),
    Case("inferred_metadata", checks=[("tides", "bad")]),
    Case(
        "checks",
        keys=("tides", "harbours/north"),
        checks=[("harbours/north", "no_gaps"), ("harbours/north", "plausible"), ("tides", "no_gaps")],
    ),
    Case("custom", extras={"path": "/data/tides.csv", "nested": {"a": [1, 2.5, None, "ü"]}}),
    Case("assets", keys=("a", "b/c", "d_e"), versions={"a": "1", "b/c": "2 beta"}),
    Case("provenance", versions={"tides": "v2"}, deps=("raw",), before=1),
    Case("partition", payload="partitions", partitions=DAILY, partition="2024-02-28"),
    Case("place", payload="partitions", partitions=PLACES, partition="List/Sylt"),
    Case(
        "partition_range",
        payload="partitions",
        told={
            "partition_key_range": {"start": "2024-02-01", "end": "2024-02-03"},
            "partition_time_window": {"start": "2024-02-01T00:00:00+00:00", "end": "2024-02-04T00:00:00+00:00"},
        },
    ),
    Case("exception", checks=[("tides", "begun")]),
    Case("loaders"),
    Case("children"),
    Case("retried", retries=1),
]


class Injector(dagster.PipesTempFileContextInjector):
    """Tells what Dagster does not tell by itself, such as a range of partitions."""

    def __init__(self, told):
        self.told = told

    def inject_context(self, context):
        return super().inject_context({**context, **self.told})


def plain(value):
    """JSON that every reader takes: what is no number and what is too large for one is text."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value]


def column(one):
    described = {"name": one.name, "type": one.type}
    if one.description is not None:
        described["description"] = one.description
    if one.tags:
        described["tags"] = dict(one.tags)
    limits = one.constraints
    if not limits.nullable or limits.unique or limits.other:
        described["constraints"] = {"nullable": limits.nullable, "unique": limits.unique, "other": list(limits.other or [])}
    return described


def typed(value):
    """A value of Dagster's as the type and the value that Pipes has for it."""
    kinds = {
        values.TextMetadataValue: lambda: ("text", value.text),
        values.UrlMetadataValue: lambda: ("url", value.url),
        values.PathMetadataValue: lambda: ("path", value.path),
        values.NotebookMetadataValue: lambda: ("notebook", value.path),
        values.JsonMetadataValue: lambda: ("json", value.data),
        values.MarkdownMetadataValue: lambda: ("md", value.md_str),
        values.FloatMetadataValue: lambda: ("float", value.value),
        values.IntMetadataValue: lambda: ("int", value.value),
        values.BoolMetadataValue: lambda: ("bool", value.value),
        values.DagsterRunMetadataValue: lambda: ("dagster_run", value.run_id),
        values.DagsterAssetMetadataValue: lambda: ("asset", value.asset_key.to_user_string()),
        values.NullMetadataValue: lambda: ("null", None),
        values.TableMetadataValue: lambda: (
            "table",
            {
                "records": [record.data for record in value.records],
                "schema": [column(one) for one in value.schema.columns],
            },
        ),
        values.TableSchemaMetadataValue: lambda: ("table_schema", {"columns": [column(one) for one in value.schema.columns]}),
        values.TableColumnLineageMetadataValue: lambda: (
            "table_column_lineage",
            {
                "deps_by_column": {
                    name: [
                        {"asset_key": dep.asset_key.to_user_string(), "column_name": dep.column_name}
                        for dep in deps
                    ]
                    for name, deps in value.column_lineage.deps_by_column.items()
                }
            },
        ),
        values.TimestampMetadataValue: lambda: ("timestamp", value.value),
    }
    kind, raw = kinds[type(value)]()
    return {"type": kind, "value": plain(raw)}


def exception(error):
    if error is None:
        return None
    told = {"name": error.cls_name, "message": error.message}
    if error.cause is not None:
        told["cause"] = exception(error.cause)
    if error.context is not None:
        told["context"] = exception(error.context)
    return told


def own(metadata):
    """Without what Dagster adds to the metadata of an event."""
    return {name: typed(value) for name, value in metadata.items() if not name.startswith("dagster/")}


def run(case):
    contexts, custom, printed = [], [], io.StringIO()
    keys = [AssetKey.from_escaped_user_string(key) for key in case.keys]
    specs = [
        AssetSpec(key, code_version=case.versions.get(name), deps=list(case.deps), skippable=True)
        for key, name in zip(keys, case.keys)
    ]
    checks = [
        AssetCheckSpec(name, asset=AssetKey.from_escaped_user_string(key))
        for key, name in case.checks
    ]

    @dagster.multi_asset(
        name=case.name,
        specs=specs,
        check_specs=checks,
        partitions_def=case.partitions,
    )
    def made(context):
        with dagster.open_pipes_session(
            context=context,
            context_injector=Injector(case.told),
            message_reader=dagster.PipesTempFileMessageReader(),
            extras=case.extras,
        ) as session:
            contexts.append({**session.context_data, **case.told})
            environment = {**os.environ, **session.get_bootstrap_env_vars()}
            path = os.path.join(PAYLOADS, f"{case.payload}.py")
            code = subprocess.run([sys.executable, path], env=environment, check=False, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode
        custom.extend(session.get_custom_messages())
        if code != 0 and case.retries > 0 and context.retry_number < case.retries:
            raise dagster.RetryRequested(max_retries=case.retries, seconds_to_wait=0)
        yield from session.get_results(implicit_materializations=False)

    assets = [made]
    if case.deps:

        @dagster.asset(name=case.deps[0], code_version="raw 1")
        def raw():
            return dagster.MaterializeResult(data_version=dagster.DataVersion("r1"))

        assets = [raw, made]

    with DagsterInstance.ephemeral() as instance:
        for _ in range(case.before):
            with contextlib.redirect_stdout(io.StringIO()):
                dagster.materialize(assets, instance=instance)
        contexts.clear()
        custom.clear()
        with contextlib.redirect_stdout(printed):
            result = dagster.materialize(
                assets,
                instance=instance,
                partition_key=case.partition,
                raise_on_error=False,
            )
        logs, materializations, evaluations, exceptions = [], [], [], []
        for entry in instance.all_logs(result.run_id):
            event = entry.dagster_event
            if event is None:
                if not entry.user_message.startswith("[pipes]"):
                    logs.append({"level": logging.getLevelName(entry.level), "text": entry.user_message})
            elif event.event_type_value == "ASSET_MATERIALIZATION" and event.asset_key in keys:
                made_one = event.event_specific_data.materialization
                told = {
                    "assetKey": event.asset_key.to_escaped_user_string(),
                    "metadata": own(made_one.metadata),
                }
                # Others Dagster makes up.
                if made_one.tags.get("dagster/data_version_is_user_provided") == "true":
                    told["dataVersion"] = made_one.tags["dagster/data_version"]
                materializations.append(told)
            elif event.event_type_value == "ASSET_CHECK_EVALUATION":
                check = event.event_specific_data
                evaluations.append(
                    {
                        "assetKey": check.asset_key.to_escaped_user_string(),
                        "name": check.check_name,
                        "passed": check.passed,
                        "severity": check.severity.value,
                        "metadata": own(check.metadata),
                    }
                )
            elif event.event_type_value == "ENGINE_EVENT" and event.message and "closed with exception" in event.message:
                exceptions.append(exception(event.event_specific_data.error))
    return {
        "name": case.name,
        "payload": f"{case.payload}.py",
        "context": contexts[0],
        "retries": case.retries,
        "received": {
            "logs": logs,
            "materializations": materializations,
            "checks": evaluations,
            "custom": plain(custom),
            "printed": printed.getvalue(),
            "exceptions": exceptions,
        },
    }


json.dump(
    {"dagster": dagster.__version__, "runs": [run(case) for case in CASES]},
    sys.stdout,
    ensure_ascii=False,
    indent=1,
)
print()

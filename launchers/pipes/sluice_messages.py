"""Messages from a job to Sluice, for Python 3 and without any other package.

Sluice puts this file where `import sluice_messages` finds it in jobs whose spec has `messages`. Elsewhere
there is nobody to tell, and every function does nothing.

    import sluice_messages

    sluice_messages.log("half of it is done")
    sluice_messages.materialization("tides/levels", {"rows": 120, "mean": 1.5})
    sluice_messages.check("tides/levels", "no gaps", passed=True)
    sluice_messages.custom({"anything": ["that", "is", "JSON"]})

The lines are those of Dagster Pipes.
"""

import json
import os


def _send(method, params):
    path = os.environ.get("SLUICE_MESSAGES")
    if not path:
        return
    line = json.dumps({"__dagster_pipes_version": "0.1", "method": method, "params": params}) + "\n"
    # In one write, so that the lines of several processes do not mix.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def _typed(metadata):
    def value(given):
        if isinstance(given, dict) and set(given) == {"type", "raw_value"}:
            return given
        return {"type": "__infer__", "raw_value": given}

    return {name: value(given) for name, given in (metadata or {}).items()}


def log(text, level="INFO"):
    """Tells a line of the log."""
    _send("log", {"message": str(text), "level": level})


def materialization(asset_key, metadata=None, data_version=None):
    """Tells that an asset has been made. A value of the metadata is any JSON value, or
    `{"type": "url", "raw_value": "https://example.org"}` where its type is not to be seen from itself."""
    _send(
        "report_asset_materialization",
        {"asset_key": asset_key, "metadata": _typed(metadata), "data_version": data_version},
    )


def check(asset_key, name, passed, severity="ERROR", metadata=None):
    """Tells what a check of an asset has come to; the severity is WARN or ERROR."""
    _send(
        "report_asset_check",
        {
            "asset_key": asset_key,
            "check_name": name,
            "passed": bool(passed),
            "severity": severity,
            "metadata": _typed(metadata),
        },
    )


def custom(payload):
    """Tells any JSON value."""
    _send("report_custom_message", {"payload": payload})

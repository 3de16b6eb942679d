"""Programs that it starts inherit the messages, and what they print can be told."""

import subprocess
import sys

from dagster_pipes import open_dagster_pipes

CHILD = """
import sys
from dagster_pipes import PipesContext, open_dagster_pipes
pipes = open_dagster_pipes()
pipes.log.info(f"child {sys.argv[1]} of {pipes.asset_key}")
pipes.report_custom_message({"child": int(sys.argv[1])})
print(f"child {sys.argv[1]} prints")
"""

with open_dagster_pipes() as pipes:
    for number in range(3):
        child = subprocess.run([sys.executable, "-c", CHILD, str(number)], check=True, capture_output=True, text=True)
        pipes.log_external_stream("stdout", child.stdout)
    pipes.log_external_stream("stdout", "no newline at the end, grüße", extras={"from": "parent"})
    pipes.report_asset_materialization()

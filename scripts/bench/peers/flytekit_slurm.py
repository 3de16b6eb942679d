"""Drives flytekitplugins-slurm's connector.

A line {"submit": N, "name": NAME} submits, a line {"status": [ID, ...]} asks for states; the answer is
{"done": N}.
"""

import asyncio
import json
import os
import sys
from types import SimpleNamespace

from flytekitplugins.slurm.script.connector import SlurmScriptConnector
from flytekitplugins.slurm.ssh_utils import get_ssh_conn

address = json.loads(sys.argv[1])
SSH = {"host": "bench", "username": address["user"], "client_keys": address["keyFile"]}
# Each call opens an SFTP session and a command on the one connection, which bears ten.
AT_ONCE = 4


def configure():
    """The connector takes no port: the user's ssh_config has to tell it."""
    os.makedirs(os.path.expanduser("~/.ssh"), exist_ok=True)
    with open(os.path.expanduser("~/.ssh/config"), "w") as config:
        config.write(f"Host bench\n  HostName {address['host']}\n  Port {address['port']}\n")


def template(name, number):
    return SimpleNamespace(custom={
        "ssh_config": SSH,
        "batch_script_args": [],
        "sbatch_config": {"begin": "now+1hour", "mem": "50", "job-name": name, "output": "/dev/null"},
        "script": f"#!/bin/sh\necho job {number}\n",
        "python_input_types": None,
        "output_locs": None,
    })


def connection(connector):
    return get_ssh_conn(
        ssh_config=SSH, slurm_cluster_to_ssh_conn=connector.slurm_cluster_to_ssh_conn
    )


async def status_of(connector, job):
    """What its `get` asks, but in text: the scontrol of Slurm 22.05 has no --json."""
    answer = await (await connection(connector)).run(f"scontrol show job {job}", check=True)
    return "JobState=" in answer.stdout


async def some_at_once(calls):
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(call):
        async with gate:
            return await call()

    return await asyncio.gather(*(one(call) for call in calls))


async def main():
    configure()
    connector = SlurmScriptConnector()
    await connection(connector)
    print(json.dumps({"done": 0}), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        request = json.loads(line)
        if "submit" in request:
            made = await some_at_once(
                lambda number=number: connector.create(template(request["name"], number))
                for number in range(request["submit"])
            )
            done = len({int(meta.job_id) for meta in made})
        else:
            told = await some_at_once(
                lambda job=job: status_of(connector, job) for job in request["status"]
            )
            done = told.count(True)
        print(json.dumps({"done": done}), flush=True)


asyncio.run(main())

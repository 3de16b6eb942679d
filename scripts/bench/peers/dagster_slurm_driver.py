"""Drives dagster-slurm's client up to where it would begin to wait for a job.

A line {"submit": N, "name": NAME} submits, a line {"status": [ID, ...]} asks for states; the answer is
{"done": N}.
"""

import json
import sys
from types import SimpleNamespace

from dagster_slurm import SlurmQueueConfig, SlurmResource, SSHConnectionResource
from dagster_slurm.config.runtime import RuntimeVariant
from dagster_slurm.helpers.ssh_pool import SSHConnectionPool
from dagster_slurm.pipes_clients.slurm_pipes_client import SlurmPipesClient

address = json.loads(sys.argv[1])


class SubmittingClient(SlurmPipesClient):
    """Its own steps from the script to sbatch's answer; what follows is left out in its favour."""

    def _store_job_tags(self, *args, **kwargs):
        pass

    def _store_supervisor_heartbeat(self, *args, **kwargs):
        pass

    def _get_asset_key_string(self, *args, **kwargs):
        return "bench"

    def _log_estimated_start_time(self, *args, **kwargs):
        pass

    def _wait_for_job_with_streaming(self, *args, **kwargs):
        pass

    def _build_sbatch_command(self, **kwargs):
        command = super()._build_sbatch_command(**{**kwargs, "job_name": self.name})
        return command.replace("sbatch ", "sbatch --begin=now+1hour ", 1)


def submit(client, pool, home, count, name):
    client.name = name
    ids = set()
    for number in range(count):
        plan = SimpleNamespace(
            payload=["#!/bin/sh", f"echo job {number}"],
            resources={},
            kind=RuntimeVariant.SHELL,
            auxiliary_scripts={},
        )
        ids.add(client._execute_standalone(plan, f"{home}/{name}/{number}", pool, None))
    return len(ids)


def main():
    ssh = SSHConnectionResource(
        host=address["host"],
        port=address["port"],
        user=address["user"],
        key_path=address["keyFile"],
        known_hosts_file=address["knownHosts"],
    )
    queue = SlurmQueueConfig(time_limit="00:10:00", cpus=1, mem="50M")
    slurm = SlurmResource(ssh=ssh, queue=queue, remote_base="/tmp/sluice-bench")
    client = SubmittingClient(slurm_resource=slurm, launcher=None)
    with SSHConnectionPool(ssh) as pool:
        print(json.dumps({"done": 0}), flush=True)
        for line in sys.stdin:
            request = json.loads(line)
            if "submit" in request:
                done = submit(client, pool, slurm.remote_base, request["submit"], request["name"])
            else:
                states = [client._get_job_state(int(job), pool) for job in request["status"]]
                done = sum(1 for state in states if state)
            print(json.dumps({"done": done}), flush=True)
        pool.close_master()


main()

"""Runs Ray on one node of a job, and on the first node the payload beside it.

    ray_supervisor.py head OPTIONS DIRECTORY SPOOL READY [COMMAND...]
        Ray's head, and the payload beside it; READY is written to SPOOL once all nodes have registered
    ray_supervisor.py worker OPTIONS DIRECTORY
        Ray on another node of the same job
    ray_supervisor.py connect OPTIONS COMMAND...
        the payload with a Ray that stands already
    ray_supervisor.py nodes ADDRESS
        prints how many nodes Ray has, whenever that changes

OPTIONS is a JSON object, see `Options`; DIRECTORY is the attempt's, which all nodes of the job share. The
workers hold a connection to the head's supervisor: by it they learn where Ray is, either side learns at once
that the other has gone, and the head learns which of its addresses the others reach. Needs nothing but
Python's own library and Ray.
"""

import json
import shutil
import sys
from types import SimpleNamespace

from ray_errors import RAY_MISSING, Failure, Told, say
from ray_events import Events
from ray_head import Head
from ray_nodes import print_nodes
from ray_standing import connect
from ray_worker import Worker


class Options(SimpleNamespace):
    """What the launcher says; what it leaves out is None.

    place: "allocation" or "host"; address or standing: of `connect`; port, cpus, gpus, objectStoreBytes, dashboard,
    dashboardPort, headArguments, workerArguments, headTimeoutSeconds, workersTimeoutSeconds, graceSeconds: see
    the launcher's spec.
    """

    def __getattr__(self, _name):
        return None


def main(mode, argument, *command):
    if mode == "nodes":
        return print_nodes(argument)
    events = Events()
    options = Options(**json.loads(argument))
    try:
        if mode == "connect":
            return connect(events, options, *command)
        if mode == "worker":
            return Worker(events, options, *command).run()
        if shutil.which("ray") is None:
            raise Failure(RAY_MISSING, "there is no `ray` on PATH: name the software that brings it")
        return Head(events, options, *command).run()
    except Failure as failure:
        say(str(failure))
        return failure.code
    except Told as told:
        return told.code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

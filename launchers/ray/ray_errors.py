"""What ends a job beside its payload."""

import os
import sys


# Exit codes of what is not the payload's fault.
RAY_MISSING = os.EX_UNAVAILABLE
HEAD_FAILED = os.EX_SOFTWARE
WORKERS_FAILED = os.EX_OSERR
UNREACHABLE = os.EX_NOHOST


class Failure(Exception):
    """What ends the job with an exit code of its own."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Told(Exception):
    """A signal told the job to end."""

    def __init__(self, number):
        super().__init__(number)
        self.code = 128 + number


def say(message):
    print("sluice: ray: " + message, file=sys.stderr, flush=True)

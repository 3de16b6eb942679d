"""The payload as a child."""

import subprocess

from ray_errors import Failure

# As a shell has them.
NOT_EXECUTABLE = 126
NOT_FOUND = 127


def exit_code(returncode):
    """The code of a child as a shell has it."""
    return 128 - returncode if returncode < 0 else returncode


def start_payload(command, environment):
    """Starts it with this process's own input and output."""
    try:
        return subprocess.Popen(command, env=environment)
    except OSError as error:
        code = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
        raise Failure(code, f"{command[0]}: {error.strerror}") from error

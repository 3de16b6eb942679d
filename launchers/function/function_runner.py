"""Calls one function, and leaves what it returned or raised as JSON.

Started as `function_runner.py CALL RESULT`. Needs Python 3.6, and is read by older ones, to say so.
"""

import json
import os
import sys
import time

INTERPRETER, IMPORT, NAME, CALL, RESULT = 90, 91, 92, 93, 94

# Integers up to here are the same in JavaScript, where all numbers are of double precision.
LARGEST = 2 ** 53
# What people are shown of an exception is cut there.
LONGEST_TEXT = 100000
# Deeper values are not looked through.
DEEPEST = 10000


class Runner(object):
    """Leaves the outcome of one call."""

    def __init__(self, result):
        self.result = result
        # A child that the function forks comes back through here too.
        self.process = os.getpid()

    def leave(self, outcome):
        """Writes the text of the outcome so that it is there whole or not at all."""
        if os.getpid() != self.process or os.environ.get("SLURM_PROCID", "0") != "0":
            return
        directory, name = os.path.split(self.result)
        temporary = os.path.join(
            directory, ".%s.%d.%d" % (name, self.process, int(time.time() * 1000000))
        )
        try:
            with open(temporary, "w") as file:
                file.write(outcome)
            os.rename(temporary, self.result)
        except BaseException:
            try:
                os.unlink(temporary)
            except OSError:
                pass
            raise

    def fail(self, code, stage, kind, message, trace=""):
        """Leaves word of what went wrong, and ends with the code."""
        self.leave(
            json.dumps(
                {
                    "exception": {
                        "stage": stage,
                        "type": kind,
                        "message": message[:LONGEST_TEXT],
                        "traceback": trace[-LONGEST_TEXT:],
                    }
                }
            )
        )
        try:
            sys.stderr.write(trace or "sluice: %s\n" % message)
        except Exception:
            pass
        sys.exit(code)

    def fail_with(self, code, stage, error):
        """The same, of an exception."""
        import traceback

        frames = error.__traceback__
        while frames is not None and is_ours(frames.tb_frame.f_code.co_filename):
            frames = frames.tb_next
        lines = traceback.format_exception(type(error), error, frames)
        try:
            message = str(error)
        except Exception:
            message = "an exception whose message cannot be read"
        self.fail(code, stage, name_of_type(type(error)), message, "".join(lines))


def is_ours(file):
    """Whether a frame of the traceback tells nothing of the user's code."""
    return file == __file__ or file.startswith("<frozen importlib")


def name_of_type(kind):
    """The name of a class as tracebacks have it."""
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else "%s.%s" % (module, kind.__qualname__)


def integer(digits):
    """An integer of the arguments: a large one is what JavaScript meant by its digits."""
    value = int(digits)
    return value if -LARGEST <= value <= LARGEST else int(float(digits))


def file_of(module, directory):
    """Path of the module, which is written where it came as text."""
    if "path" in module:
        path = module["path"]
        return os.path.abspath(os.path.expanduser(path) if path.startswith("~/") else path)
    directory = os.path.join(directory, "module")
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, module["file"])
    # The tasks of an array write the same at the same time.
    temporary = "%s.%s.%d" % (path, os.environ.get("SLURMD_NODENAME", ""), os.getpid())
    with open(temporary, "wb") as file:
        file.write(module["text"].encode("utf-8"))
    os.rename(temporary, path)
    return path


def import_file(path):
    """Imports the module at the path under its own name, as its neighbours would."""
    import importlib.util
    from importlib.machinery import SourceFileLoader

    directory, file = os.path.split(path)
    names = [file[:-3] if file.endswith(".py") else file]
    above = directory
    while os.path.isfile(os.path.join(above, "__init__.py")):
        above, package = os.path.split(above)
        names.insert(0, package)
    if sys.path and sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
        del sys.path[0]
    sys.path[:0] = [directory] if above == directory else [directory, above]
    sys.argv[:] = [path]
    if len(names) > 1:
        if names[-1] == "__init__":
            names.pop()
        return importlib.import_module(".".join(names))
    spec = importlib.util.spec_from_file_location(
        names[0], path, loader=SourceFileLoader(names[0], path)
    )
    module = importlib.util.module_from_spec(spec)
    # One that bears the name of a module of Python itself must not stand in its place.
    sys.modules.setdefault(names[0], module)
    spec.loader.exec_module(module)
    return module


def find(module, name):
    """What the module has under the name, whole or dotted."""
    if name in vars(module):
        return vars(module)[name]
    value = module
    for part in name.split("."):
        value = getattr(value, part)
    return value


def awaited(value):
    """What comes of a value that is to be awaited."""
    import asyncio

    if asyncio.iscoroutine(value) and hasattr(asyncio, "run"):
        return asyncio.run(value)
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(value)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def whole(number):
    """Whether JavaScript has the integer too."""
    try:
        return -LARGEST <= number <= LARGEST or float(number) == number
    except OverflowError:
        return False


def trouble(value):
    """The place and the trouble of what JSON cannot say; None where it says all of the value."""
    stack = [(value, ())]
    while stack:
        value, path = stack.pop()
        kind = type(value)
        if value is None or kind in (str, bool):
            continue
        if isinstance(value, int):
            if not whole(value):
                return path, "an integer that JavaScript does not have exactly"
        elif isinstance(value, float):
            if value != value or value in (float("inf"), float("-inf")):
                return path, str(float(value))
        elif isinstance(value, (list, tuple)):
            if len(path) > DEEPEST:
                return path, "nested too deeply, or within itself"
            for index, item in enumerate(value):
                stack.append((item, path + (index,)))
        elif isinstance(value, dict):
            if len(path) > DEEPEST:
                return path, "nested too deeply, or within itself"
            for key, item in value.items():
                if not isinstance(key, str):
                    return path, "a dict with a key of the type %s" % name_of_type(type(key))
                stack.append((item, path + (key,)))
        elif not isinstance(value, str):
            return path, "of the type %s" % name_of_type(kind)
    return None


def place(path):
    """A place within the result, for people."""
    shown = "".join("[%s]" % json.dumps(part) for part in path[:20])
    return "the result" + shown + ("[...]" if len(path) > 20 else "")


def text_of(value, runner):
    """The value as JSON."""
    error = None
    try:
        # Refuses what contains itself, so that the look at the value comes to an end.
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, OverflowError, RecursionError) as reason:
        error = reason
    found = trouble(value)
    if found is not None:
        runner.fail(RESULT, "result", "TypeError", "%s is %s" % (place(found[0]), found[1]))
    if error is not None:
        runner.fail(RESULT, "result", name_of_type(type(error)), str(error))
    return text


def main():
    """Calls the function of the call's file."""
    call_file, result = sys.argv[1:3]
    runner = Runner(result)
    if sys.version_info < (3, 6):
        version = ".".join(str(part) for part in sys.version_info[:3])
        message = "%s is Python %s, and 3.6 is needed" % (sys.executable, version)
        runner.fail(INTERPRETER, "interpreter", "InterpreterTooOld", message)
    with open(call_file, "rb") as file:
        call = json.loads(file.read().decode("utf-8"), parse_int=integer)
    path = file_of(call["module"], os.path.dirname(os.path.abspath(call_file)))
    try:
        module = import_file(path)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        runner.fail_with(IMPORT, "import", error)
    try:
        function = find(module, call["name"])
    except AttributeError as error:
        runner.fail(NAME, "name", "AttributeError", str(error))
    if not callable(function):
        message = "%r of %s is no function" % (call["name"], path)
        runner.fail(NAME, "name", "TypeError", message)
    try:
        value = function(*call["arguments"], **call["keywords"])
        if hasattr(type(value), "__await__"):
            value = awaited(value)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        runner.fail_with(CALL, "call", error)
    runner.leave('{"value": %s}\n' % text_of(value, runner))


if __name__ == "__main__":
    main()

"""Loaders and writers that are named, and what holds once the messages are closed."""

import os
import sys

from dagster_pipes import (
    DagsterPipesError,
    PipesCliArgsParamsLoader,
    PipesContext,
    PipesDefaultContextLoader,
    PipesDefaultMessageWriter,
    PipesEnvVarParamsLoader,
    PipesMappingParamsLoader,
    open_dagster_pipes,
)

if len(sys.argv) > 1:
    loader = PipesCliArgsParamsLoader()
elif os.environ.get("PIPES_STAGE") == "mapping":
    loader = PipesMappingParamsLoader(dict(os.environ))
else:
    loader = PipesEnvVarParamsLoader()

assert loader.is_dagster_pipes_process()
assert not PipesContext.is_initialized()
pipes = open_dagster_pipes(
    context_loader=PipesDefaultContextLoader(),
    message_writer=PipesDefaultMessageWriter(),
    params_loader=loader,
)
assert PipesContext.is_initialized() and PipesContext.get() is pipes and open_dagster_pipes() is pipes
pipes.log.info(f"{type(loader).__name__}, closed: {pipes.is_closed}")
if isinstance(loader, PipesCliArgsParamsLoader):
    pipes.report_asset_materialization({"loader": "arguments"})
pipes.close()
pipes.close()
assert pipes.is_closed
for late in [lambda: pipes.log.info("too late"), lambda: pipes.report_custom_message("too late")]:
    try:
        late()
    except DagsterPipesError as error:
        print(error)
    else:
        sys.exit("a message was sent after the end")

context, messages = (os.environ[f"DAGSTER_PIPES_{name}"] for name in ["CONTEXT", "MESSAGES"])
if isinstance(loader, PipesMappingParamsLoader) and os.environ.get("PIPES_STAGE") is None:
    os.execve(sys.executable, [sys.executable, __file__], {**os.environ, "PIPES_STAGE": "mapping"})
if isinstance(loader, PipesMappingParamsLoader):
    arguments = ["--dagster-pipes-context", context, "--dagster-pipes-messages", messages]
    os.execv(sys.executable, [sys.executable, __file__, *arguments])

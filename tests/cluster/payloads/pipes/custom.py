"""Custom messages of any JSON value, and what the user has passed along."""

from dagster_pipes import DagsterPipesError, open_dagster_pipes

with open_dagster_pipes() as pipes:
    pipes.report_custom_message({"nested": {"list": [1, 2.5, "drei", None, True, []]}})
    for value in ["text with \n a newline", 17, -0.5, True, None, [], {}, [[["deep"]]], {"type": "int", "raw_value": "no metadata"}]:
        pipes.report_custom_message(value)
    pipes.report_custom_message(dict(pipes.extras))
    pipes.report_custom_message(pipes.get_extra("path"))
    try:
        pipes.get_extra("not there")
    except DagsterPipesError as error:
        pipes.log.warning(str(error))

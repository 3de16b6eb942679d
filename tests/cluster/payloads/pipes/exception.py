"""An exception with a cause and a context ends it."""

from dagster_pipes import open_dagster_pipes


class TideError(Exception):
    pass


with open_dagster_pipes() as pipes:
    pipes.report_asset_check("begun", passed=True)
    try:
        try:
            {}["moon"]
        except KeyError as error:
            raise ValueError("no moon\nno tide") from error
    except ValueError:
        raise TideError("the tide is out: grüße")

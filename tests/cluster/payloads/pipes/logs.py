"""Every level of the log, and texts that are not easy to carry."""

from dagster_pipes import open_dagster_pipes

with open_dagster_pipes() as pipes:
    pipes.log.debug("a detail")
    pipes.log.info("%s of %d", "half", 2)
    pipes.log.warning("two\nlines, a \ttab, \"quotes\" and a \\ backslash")
    pipes.log.error("grüße 🌊 \u2028 und $(nichts) `davon`")
    pipes.log.critical("x" * 20_000)
    try:
        1 / 0
    except ZeroDivisionError:
        pipes.log.exception("it could not be divided")
    pipes.log.log(20, "the last one")

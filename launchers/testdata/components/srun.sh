#!/bin/sh
# srun whose steps run in this component of the job.
exec "$SLUICE_SRUN" --het-group="$SLUICE_COMPONENT" "$@"

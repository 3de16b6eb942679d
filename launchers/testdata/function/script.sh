#!/bin/bash
#SBATCH --mem=1G
set -eu
"$SLUICE_FUNCTION" </dev/null
echo '{task.fn}'

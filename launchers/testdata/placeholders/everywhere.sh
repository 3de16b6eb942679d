#!/bin/bash
#SBATCH --time=5
# {inputs.text} is left in comments
echo 'it'\''s $HOME `id` \ "q"' "<"'it'\''s $HOME `id` \ "q"'">" '<''it'\''s $HOME `id` \ "q"''>' '{inputs.text}'
for each in 'a b' '-n'; do echo "$each"; done
total=$(printf '%s\n' 'it'\''s $HOME `id` \ "q"' "$(cat """${SLUICE_JOB_DIRECTORY}"'/inputs/a '\''b'\''.csv'"")")
cat >config <<EOF
text = it's \$HOME \`id\` \\ "q", file = ${SLUICE_JOB_DIRECTORY}/inputs/a 'b'.csv, total = $total
EOF
cat >>config <<'END'
count = 3
END
cp config "${SLUICE_JOB_DIRECTORY}"'/outputs/config'"${SLURM_ARRAY_TASK_ID:+.$SLURM_ARRAY_TASK_ID}"

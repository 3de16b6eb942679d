#!/bin/sh
# Becomes the script that lies on the cluster.
sluice_script="$HOME"/'it'\''s/run $1.sh'
if [ ! -f "$sluice_script" ] || [ ! -r "$sluice_script" ]; then
  printf '%s\n' 'sluice: there is no readable file "~/it'\''s/run $1.sh" on this node any more: put the script back, or correct the payload'\''s path.' >&2
  exit 79
fi
if [ -x "$sluice_script" ]; then exec "$sluice_script" "$@"; fi
sluice_first=
IFS= read -r sluice_first <"$sluice_script"
read -r sluice_program sluice_word <<EOF
${sluice_first#??}
EOF
exec "$sluice_program" ${sluice_word:+"$sluice_word"} "$sluice_script" "$@"

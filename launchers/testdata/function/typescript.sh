#!/bin/sh
# Calls the function of the job, and leaves what it returned in the file $SLUICE_RESULT.
sluice_dir=${0%/*}
sluice_program=$(command -v deno) || sluice_program=
case $sluice_program in */*) [ -f "$sluice_program" ] && [ -x "$sluice_program" ] || sluice_program= ;; esac
if [ -z "$sluice_program" ]; then
  printf 'sluice: %s\n' 'there is no deno here that can be run: name the software that brings it, or '\''interpreter'\''' >&2
  if [ "${SLURM_PROCID:-0}" = 0 ]; then
    printf '%s\n' '{"exception":{"stage":"interpreter","type":"InterpreterNotFound","message":"there is no deno here that can be run: name the software that brings it, or '\''interpreter'\''","traceback":""}}' >"${SLUICE_RESULT%/*}/.result.$$" &&
      mv -f -- "${SLUICE_RESULT%/*}/.result.$$" "$SLUICE_RESULT"
  fi
  exit 90
fi
exec deno run --allow-all "$sluice_dir"/function_runner.ts "$sluice_dir"/function_call.json "$SLUICE_RESULT"

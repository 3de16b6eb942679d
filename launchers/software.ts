/**
 * How the software of a job is made ready before its payload starts. Pure.
 *
 * @module
 */

import type { Software } from "../model/mod.ts";
import { quote, quotePath } from "../shell/mod.ts";
import { environmentLines } from "./environment.ts";
import {
  ACTIVATION_EXIT_CODE,
  CONDA_COMMAND_EXIT_CODE,
  CONDA_ENVIRONMENT_EXIT_CODE,
  endWith,
  ENVIRONMENT_MISSING_EXIT_CODE,
  MODULE_COMMAND_EXIT_CODE,
  MODULE_EXIT_CODE,
  VENV_EXIT_CODE,
} from "./software_errors.ts";

/**
 * The shell that runs the script of a job with such software. The commands are POSIX sh, but what they source
 * is written by others and for bash, as most activation scripts are.
 */
export function softwareShell({ kind }: Software): "/bin/sh" | "/bin/bash" {
  return kind === "none" ? "/bin/sh" : "/bin/bash";
}

/**
 * The shell commands (POSIX sh) that make the software ready, in front of the payload's on every node: they end
 * the shell, with a status of their own, where that fails. `$sluice_dir` is the attempt's directory. What they
 * print goes to standard error, and the positional parameters are gone afterwards.
 */
export function softwareLines(software: Software): readonly string[] {
  switch (software.kind) {
    case "none":
      return [];
    case "modules":
      return moduleLines(software);
    case "conda":
      return condaLines(software);
    case "venv":
      return venvLines(software);
    case "environment":
      return environmentLines(software);
    case "archive":
    case "pack":
      return [
        endWith(
          ENVIRONMENT_MISSING_EXIT_CODE,
          "this is the job as it was before its environment was sent.",
        ),
      ];
  }
}

/** Where Lmod and Tcl modules are begun for a shell that has no `module` yet. */
const MODULE_STARTERS = [
  '"${BASH_ENV:-}"',
  '"${LMOD_PKG:-}/init/sh"',
  '"${LMOD_CMD%/libexec/lmod}/init/sh"',
  '"${MODULESHOME:-}/init/sh"',
  "/etc/profile.d/lmod.sh",
  "/etc/profile.d/z00_lmod.sh",
  "/etc/profile.d/modules.sh",
  "/usr/share/lmod/lmod/init/sh",
  "/usr/share/modules/init/sh",
  "/usr/share/Modules/init/sh",
] as const;

function moduleLines({ modules, purge }: Extract<Software, { kind: "modules" }>): string[] {
  return [
    "set --",
    "LMOD_CMD=${LMOD_CMD:-}",
    `for sluice_file in ${MODULE_STARTERS.join(" ")}; do`,
    "  if command -v module >/dev/null 2>&1; then break; fi",
    '  if [ -f "$sluice_file" ] && [ -r "$sluice_file" ]; then . "$sluice_file" >&2; fi',
    "done",
    `command -v module >/dev/null 2>&1 || ${
      endWith(
        MODULE_COMMAND_EXIT_CODE,
        "this node has no 'module' command: set MODULESHOME in the cluster's shell.prelude, or leave 'software' out.",
      )
    }`,
    ...(purge
      ? [
        `module purge >&2 || ${
          endWith(MODULE_EXIT_CODE, "'module purge' failed: see the lines above.")
        }`,
      ]
      : []),
    ...modules.flatMap((name) => [
      "sluice_loaded=${LOADEDMODULES:-}",
      // Tcl modules before release 4 say that all is well when nothing was loaded.
      `if ! module load ${quote(name)} >&2 ||`,
      '  { [ "${LOADEDMODULES:-}" = "$sluice_loaded" ] &&',
      `    case ":$sluice_loaded" in *:${quote(name)}*) false ;; esac; }; then`,
      `  ${
        endWith(
          MODULE_EXIT_CODE,
          `the module ${
            JSON.stringify(name)
          } cannot be loaded: see the lines above, and 'module avail' on the cluster.`,
        )
      }`,
      "fi",
    ]),
  ];
}

/** Programs that activate environments of conda, in the order in which they are looked for. */
const CONDA_PROGRAMS = ["conda", "micromamba", "mamba"] as const;

function condaLines(
  { environment, conda }: Extract<Software, { kind: "conda" }>,
): string[] {
  const places = CONDA_PROGRAMS.map((program) => `"$(command -v ${program})"`);
  const look = conda === undefined
    ? [
      `for sluice_conda in "\${CONDA_EXE:-}" "\${MAMBA_EXE:-}" ${places.join(" ")}; do`,
      '  if [ -f "$sluice_conda" ] && [ -x "$sluice_conda" ]; then break; fi',
      "done",
    ]
    : [`sluice_conda=${quotePath(conda)}`];
  return [
    "set --",
    // In a shell that has the function of that name already, `command -v` gives the name alone.
    "unset -f conda mamba micromamba 2>/dev/null",
    ...look,
    `{ [ -f "$sluice_conda" ] && [ -x "$sluice_conda" ]; } || ${
      endWith(
        CONDA_COMMAND_EXIT_CODE,
        conda === undefined
          ? "this node has neither conda nor mamba nor micromamba on PATH: name the program in 'software.conda'."
          : `there is no program ${JSON.stringify(conda)} on this node: correct 'software.conda'.`,
      )
    }`,
    // conda says how to begin in one way, micromamba and mamba from release 2 on in another.
    'sluice_hook=$("$sluice_conda" shell.posix hook 2>/dev/null) ||',
    '  sluice_hook=$("$sluice_conda" shell hook --shell posix) ||',
    `  ${
      endWith(
        CONDA_COMMAND_EXIT_CODE,
        "conda does not say how it is begun in a shell: see the lines above.",
      )
    }`,
    'eval "$sluice_hook"',
    `for sluice_conda in ${CONDA_PROGRAMS.join(" ")}; do`,
    // The function of the hook, not the program.
    '  if [ "$(command -v "$sluice_conda")" = "$sluice_conda" ]; then break; fi',
    "done",
    `"$sluice_conda" activate ${quotePath(environment)} >&2 || ${
      endWith(
        CONDA_ENVIRONMENT_EXIT_CODE,
        `the conda environment ${
          JSON.stringify(environment)
        } cannot be activated: see the lines above, and 'conda env list' on the cluster.`,
      )
    }`,
  ];
}

function venvLines({ path }: Extract<Software, { kind: "venv" }>): string[] {
  const script = quotePath(path.endsWith("/") ? `${path}bin/activate` : `${path}/bin/activate`);
  return [
    "set --",
    `[ -f ${script} ] || ${
      endWith(
        VENV_EXIT_CODE,
        `there is no virtual environment in ${
          JSON.stringify(path)
        } on this node: it has no bin/activate.`,
      )
    }`,
    `. ${script} >&2 || ${
      endWith(
        ACTIVATION_EXIT_CODE,
        `the virtual environment in ${JSON.stringify(path)} cannot be activated.`,
      )
    }`,
  ];
}

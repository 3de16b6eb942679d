/**
 * The exported symbols without documentation, among the findings of `deno doc --lint`.
 *
 * Its other findings (types left to inference, types that are not exported) ask for what JSR needs to be
 * fast, not for documentation. A member that overrides another is documented where that one is.
 *
 * @param output What `deno doc --lint` printed, without colours.
 * @returns Place and source line of each.
 */
export function undocumented(output: string): string[] {
  const found: string[] = [];
  for (const finding of output.split(/^(?=error\[)/m)) {
    if (!finding.startsWith("error[missing-jsdoc]")) continue;
    const place = /^ *--> (.+)$/m.exec(finding)?.[1] ?? "somewhere";
    const source = /^ *\d+ \| ?(.*)$/m.exec(finding)?.[1]?.trim() ?? "";
    if (!source.startsWith("override ")) found.push(`${place}  ${source}`.trim());
  }
  return found;
}

/**
 * The patterns of OpenSSH's files, in which `*` stands for anything and `?` for one character.
 *
 * Source: ssh_config(5), PATTERNS.
 *
 * @module
 */

/** Whether the pattern fits the whole of the text. */
export function fits(pattern: string, text: string): boolean {
  // Greedy with one step back: linear for every pattern, unlike a regular expression.
  let at = 0;
  let inText = 0;
  let star = -1;
  let starText = 0;
  while (inText < text.length) {
    if (pattern[at] === "*") {
      star = at++;
      starText = inText;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[inText])) {
      at++;
      inText++;
    } else if (star >= 0) {
      at = star + 1;
      inText = ++starText;
    } else {
      return false;
    }
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}

/** Whether some pattern of the list fits and no negated one (`!pattern`) does. */
export function fitsList(patterns: readonly string[], text: string): boolean {
  let found = false;
  for (const pattern of patterns) {
    if (pattern.startsWith("!")) {
      if (fits(pattern.slice(1), text)) return false;
    } else if (fits(pattern, text)) {
      found = true;
    }
  }
  return found;
}

/**
 * The real cluster for the tests that need it: brought up if it is not, and left as it was found.
 *
 * @module
 */

/** Whether the tests of the cluster can run, and if not, why. */
export type ClusterState =
  | { readonly kind: "ready"; readonly leave: () => Promise<void> }
  | { readonly kind: "impossible"; readonly reason: string };

async function testbed(command: string, stderr: "inherit" | "piped" = "inherit") {
  const child = new Deno.Command("deno", {
    args: ["task", "--quiet", "testbed", command],
    stdin: "null",
    stdout: "piped",
    stderr,
  }).spawn();
  const [told, said, { success }] = await Promise.all([
    child.stdout.text(),
    stderr === "piped" ? show(child.stderr) : "",
    child.status,
  ]);
  return { success, told, said };
}

/** Passes text on to standard error as it comes, and gives its last line at the end. */
async function show(stream: ReadableStream<Uint8Array>): Promise<string> {
  let last = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    await Deno.stderr.write(bytes);
    last = `${last}${decoder.decode(bytes, { stream: true })}`.trimEnd().split("\n").at(-1) ?? "";
  }
  return last;
}

/**
 * Brings the cluster up unless it is. `leave` takes it down if it was down before; one that was broken
 * stays repaired.
 */
export async function prepareCluster(): Promise<ClusterState> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    return { kind: "impossible", reason: "the test cluster needs root on Linux" };
  }
  const before = (await testbed("status")).told.split("\n")[0];
  if (before === "up") return { kind: "ready", leave: () => Promise.resolve() };
  const leave = async () => {
    if (before !== "broken") await testbed("down");
  };
  const { success, said } = await testbed("up", "piped");
  if (success) return { kind: "ready", leave };
  await leave();
  return { kind: "impossible", reason: said };
}

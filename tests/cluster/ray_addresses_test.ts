/**
 * By which address nodes are said to be reached, on a machine of one's own to give addresses to.
 */

import assert from "node:assert/strict";
import { runScript } from "../../scripts/testbed/mod.ts";

const MODULES = new URL("../../launchers/ray", import.meta.url).pathname;

/** What the Python expression gives where the network has the addresses and the node has the name. */
async function where(
  expression: string,
  { addresses, name }: { readonly addresses: readonly string[]; readonly name: string },
): Promise<unknown> {
  const printed = await runScript(
    "ask for the addresses",
    `expression=$1 name=$2
    shift 2
    export expression
    exec unshare --net sh -eu -c '
      ip link set lo up
      name=$1
      shift
      for address; do ip address add "$address" dev lo nodad 2>/dev/null || ip address add "$address" dev lo; done
      cd ${MODULES}
      SLURMD_NODENAME=$name exec python3 -B -c "
import json, os
from ray_addresses import *
print(json.dumps(eval(os.environ[\\"expression\\"])))"
    ' sh "$name" "$@"`,
    [expression, name, ...addresses],
  );
  return JSON.parse(printed);
}

Deno.test("a node's loopback address is none for others, whatever its name stands for", async () => {
  const found = await where("own_addresses(None)", { addresses: [], name: "localhost" });
  assert.deepEqual(found, []);
});

Deno.test("a node is told by its address that leads to another node, where its name does not help", async () => {
  const addresses = ["10.9.0.1/24", "fd09::1/64"];
  const name = "no.such.name.invalid";
  assert.deepEqual(await where('own_addresses("10.9.0.7")', { addresses, name }), ["10.9.0.1"]);
  assert.deepEqual(await where('own_addresses("fd09::7")', { addresses, name }), ["fd09::1"]);
});

Deno.test("an address of IPv6 is bracketed where a port follows, and ports differ", async () => {
  const addresses = ["fd09::1/64"];
  const name = "fd09::1";
  assert.deepEqual(await where("own_addresses(None)", { addresses, name }), ["fd09::1"]);
  assert.equal(await where('joined("fd09::1", 6379)', { addresses, name }), "[fd09::1]:6379");
  assert.equal(await where('joined("10.9.0.1", 6379)', { addresses, name }), "10.9.0.1:6379");
  assert.equal(
    await where('len(set(free_ports("fd09::1", 50)))', { addresses, name }),
    50,
  );
});

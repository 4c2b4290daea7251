// Other people's rules on this host. An `accept` in our table is our word alone: who drops
// what is forwarded in a table of their own, drops our containers' packets, too.
//
//   Docker    sets FORWARD's policy to DROP, and keeps the chain DOCKER-USER for rules of
//             others. Two of ours go in there for each bridge, and out again with it
//   others    ufw, or a policy that somebody set: we say so, and touch nothing
//
// By iptables(8), since that is whose rules they are, whichever way it keeps them.
//
// Called by bridge.ts, when a network is made or goes.
import { EngineError } from '../../errors.ts'
import { commandWith } from '../../syscalls/command.ts'

/** @returns what is to be told the user, when nobody lets our packets through */
export async function openOtherFirewalls(bridge: string): Promise<string | undefined> {
  const rules = await iptables('-S', 'FORWARD')
  if (rules === undefined) return undefined
  if (rules.includes('-j DOCKER-USER')) {
    await closeOtherFirewalls(bridge)
    for (const rule of rulesOf(bridge)) await iptables('-I', 'DOCKER-USER', ...rule)
    return undefined
  }
  return rules.includes('-P FORWARD DROP')
    ? `the host's firewall drops what is forwarded, and containers on ${bridge} reach nobody: let ${bridge} through, as in "iptables -I FORWARD -i ${bridge} -j ACCEPT" and "-o ${bridge}"`
    : undefined
}

/** Nothing when there are none of ours. */
export async function closeOtherFirewalls(bridge: string): Promise<void> {
  for (const rule of rulesOf(bridge)) await iptables('-D', 'DOCKER-USER', ...rule)
}

function rulesOf(bridge: string): string[][] {
  return [
    ['-i', bridge, '-j', 'ACCEPT'],
    ['-o', bridge, '-j', 'ACCEPT'],
  ]
}

/** @returns undefined when there is no iptables, or no such rule or chain */
async function iptables(...words: string[]): Promise<string | undefined> {
  try {
    return await commandWith('iptables', ['-w', ...words], '')
  } catch (error) {
    if (error instanceof EngineError) return undefined
    throw error
  }
}

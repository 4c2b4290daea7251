// Root in pieces: capabilities(7).
//
// A thread has five sets. `permitted` is what it may have, `effective` what the
// kernel looks at, `inheritable` and `ambient` what an execve(2) may pass on, and
// `bounding` what no execve(2) can ever give back. config.json lists all five
// (config.md, "Linux Process", `capabilities`).
//
// Whatever cannot be granted becomes a warning, as the specification asks: a
// container that wants too much starts with less.
//
// Next: engine/libcontainer/credentials.ts
import {
  type CapabilitySets,
  dropBounding,
  prepareCapset,
  prepareClearAmbient,
  prepareRaiseAmbient,
} from '../syscalls/credentials.ts'
import type { PreparedCall } from '../syscalls/prepared.ts'
import { capabilityNames } from './config/names.ts'
import type { Capabilities } from './config/process.ts'

export const CAP_SYS_ADMIN = capabilityBit('CAP_SYS_ADMIN')

/** What the container gets, after everything that cannot be granted was left out. */
export interface CapabilityPlan extends CapabilitySets {
  bounding: bigint
  ambient: bigint
  /** The highest capability of this kernel: the ones to drop end here. */
  last: number
}

function capabilityBit(name: string): bigint {
  return 1n << BigInt(capabilityNames.indexOf(name))
}

/** `CAP_CHOWN|CAP_KILL` of a set, lowest number first. */
function namesIn(set: bigint): string[] {
  return capabilityNames.filter((name) => (set & capabilityBit(name)) !== 0n)
}

/**
 * From names to sets that the kernel will take.
 * @param last the highest capability that the kernel has
 * @param own what this process has itself
 */
export function planCapabilities(
  wanted: Capabilities,
  last: number,
  own: CapabilitySets,
  warn: (line: string) => void,
): CapabilityPlan {
  const all = (1n << BigInt(last + 1)) - 1n
  const asked = (set: keyof Capabilities): bigint => parseSet(wanted[set] ?? [], set, warn)
  const [bounding, permitted, effective] = [asked('bounding'), asked('permitted'), asked('effective')]
  const [inheritable, ambient] = [asked('inheritable'), asked('ambient')]

  const unknown = (bounding | permitted | effective | inheritable | ambient) & ~all
  if (unknown !== 0n)
    warn(`ignoring capabilities that this kernel does not have: ${namesIn(unknown).join(', ')}`)
  /** Each rule below is one for which capset(2) or prctl(2) would say EPERM to the whole set. */
  const within = (set: bigint, limit: bigint, name: string, why: string): bigint => {
    const refused = set & all & ~limit
    if (refused !== 0n) warn(`ignoring ${name} capabilities ${namesIn(refused).join(', ')}: ${why}`)
    return set & all & limit
  }
  const granted = within(permitted, own.permitted, 'permitted', 'the runtime does not have them itself')
  // What was refused once is not worth a second warning.
  const effectiveAsked = effective & ~(permitted & ~granted)
  const inherited = within(
    inheritable & ~(permitted & ~granted),
    (own.permitted | own.inheritable) & bounding,
    'inheritable',
    'they must be in the bounding set, and the runtime must have them',
  )
  return {
    last,
    bounding: bounding & all,
    permitted: granted,
    effective: within(effectiveAsked, granted, 'effective', 'they are not in the permitted set'),
    inheritable: inherited,
    ambient: within(
      ambient & ~(permitted & ~granted),
      granted & inherited,
      'ambient',
      'they must be in the permitted and in the inheritable set',
    ),
  }
}

function parseSet(names: readonly string[], set: string, warn: (line: string) => void): bigint {
  let bits = 0n
  for (const name of names) {
    if (capabilityNames.includes(name)) bits |= capabilityBit(name)
    else {
      const near = capabilityNames.find((one) => one === `CAP_${name.toUpperCase().replace(/^CAP_/, '')}`)
      warn(
        `ignoring ${set} capability ${name}: there is none of that name${near ? `; is ${near} meant?` : ''}`,
      )
    }
  }
  return bits
}

/**
 * Empties the bounding set of all that is not planned. Needs CAP_SETPCAP, so it
 * comes before the user changes, which takes the effective set away.
 */
export function dropBoundingSet(plan: CapabilityPlan): void {
  for (let capability = 0; capability <= plan.last; capability++) {
    if ((plan.bounding & (1n << BigInt(capability))) !== 0n) continue
    // A newer kernel's capability has no name here, and goes all the same.
    dropBounding(capability, capabilityNames[capability] ?? `capability ${capability}`)
  }
}

/** The last word: the three sets at once, then the ambient one, which must lie within them. */
export function prepareCapabilities(plan: CapabilityPlan): PreparedCall[] {
  return [
    // Before capset(2): an inherited ambient capability must not outlive a set that lacks it.
    prepareClearAmbient(),
    prepareCapset(plan),
    ...namesIn(plan.ambient).map((name) => prepareRaiseAmbient(capabilityNames.indexOf(name), name)),
  ]
}

// Which devices a container may open or make: one list of rules for both versions. Pure.
//
// config-linux.md, "Device allow list": the rules are read in their order, so for
// each device, and each of read, write and mknod, the last rule that speaks of it
// decides. What nobody speaks of is forbidden.
//
// Next: engine/libcontainer/cgroups/devices-v1.ts
import type { DeviceRule, Resources } from '../config/resources.ts'
import { refuse, resourcesPath } from './setting.ts'

export interface Rule {
  allow: boolean
  /** `a`: every device, for everything; then both numbers are `*`, and access is `rwm`. */
  type: 'a' | 'b' | 'c'
  major: number | '*'
  minor: number | '*'
  /** Of `r`, `w` and `m`, in this order. */
  access: string
  /** Where config.json asks for it; absent for the defaults. */
  asked?: string
}

/** What every container can do, as runc has it: make any node, and open those that belong to nobody. */
const defaults: readonly Rule[] = [
  // A node is a name only; opening it is another question.
  { allow: true, type: 'c', major: '*', minor: '*', access: 'm' },
  { allow: true, type: 'b', major: '*', minor: '*', access: 'm' },
  ...[
    [1, 3], // null
    [1, 5], // zero
    [1, 7], // full
    [1, 8], // random
    [1, 9], // urandom
    [5, 0], // tty: whichever terminal the process has
    [5, 2], // ptmx: makes new terminals
    // net/tun: harmless in a network namespace; runc 1.2.0 left it out, VPNs broke, 1.2.4 took it back.
    [10, 200],
  ].map(([major = 0, minor = 0]): Rule => ({ allow: true, type: 'c', major, minor, access: 'rwm' })),
  // pts/N: terminals of whichever devpts is mounted
  { allow: true, type: 'c', major: 136, minor: '*', access: 'rwm' },
]

/** The list to be made true, complete: it begins with a rule on everything. */
export function completeRules(devices: Resources['devices']): Rule[] {
  const rules: Rule[] = [{ allow: false, type: 'a', major: '*', minor: '*', access: 'rwm' }]
  for (const [index, device] of (devices ?? []).entries()) {
    const expanded = expand(device, `${resourcesPath}.devices[${index}]`)
    // After a rule on everything, those before it decide nothing.
    if (expanded[0]?.type === 'a') rules.length = 0
    rules.push(...expanded)
  }
  // The defaults fill a list of what is allowed. Where everything is allowed but
  // some, those few are forbidden on purpose, and a default would undo that.
  return rules[0]?.allow === true ? rules : [...rules, ...defaults]
}

/** -1, like a property that is left out, means every number. */
function expand({ allow, type, major, minor, access }: DeviceRule, asked: string): Rule[] {
  const number = (value: number | undefined): number | '*' => (value === undefined || value < 0 ? '*' : value)
  const letters = [...'rwm'].filter((letter) => !access || access.includes(letter)).join('')
  const rule = { allow, major: number(major), minor: number(minor), access: letters, asked }
  if (type === 'b' || type === 'c') return [{ ...rule, type }]
  // `a` with numbers is block and character devices of these. v1's own `a` would
  // ignore the numbers, and open everything.
  const everything = rule.major === '*' && rule.minor === '*' && letters === 'rwm'
  return everything
    ? [{ ...rule, type: 'a' }]
    : [
        { ...rule, type: 'b' },
        { ...rule, type: 'c' },
      ]
}

/**
 * v1 keeps one decision for everything, and exceptions from it; one is found again
 * by its exact numbers only. So `c *:*` allowed and then `c 1:3` forbidden leaves
 * 1:3 open without a word. Refused here instead; v2 can have it.
 */
export function refuseHoles(rules: readonly Rule[]): void {
  const exceptions: Rule[] = []
  const standard = rules[0]?.allow ?? false
  for (const rule of rules.slice(1)) {
    if (rule.allow !== standard) {
      exceptions.push(rule)
      continue
    }
    const wider = exceptions.find((one) => overlap(one, rule) && !sameDevices(one, rule))
    if (wider)
      refuse(
        rule.asked ?? `${resourcesPath}.devices`,
        `cgroup v1 cannot take ${devicesOf(rule)} out of ${devicesOf(wider)}, ${wider.allow ? 'allowed' : 'forbidden'} before: name the devices one by one`,
      )
  }
}

/** `c 1:*`, as v1 writes it. */
export function devicesOf({ type, major, minor }: Rule): string {
  return type === 'a' ? 'a' : `${type} ${major}:${minor}`
}

function sameDevices(a: Rule, b: Rule): boolean {
  return a.type === b.type && a.major === b.major && a.minor === b.minor
}

function overlap(a: Rule, b: Rule): boolean {
  const meet = (x: number | '*', y: number | '*'): boolean => x === '*' || y === '*' || x === y
  const shared = [...a.access].some((letter) => b.access.includes(letter))
  return a.type === b.type && meet(a.major, b.major) && meet(a.minor, b.minor) && shared
}

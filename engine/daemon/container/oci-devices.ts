// Devices: which nodes a container has, and which of them the kernel lets it open. Pure.

import type { HostConfig } from '../../api/host-config.ts'
import { EngineError } from '../../errors.ts'
import type { Device } from '../../libcontainer/config/linux.ts'
import type { DeviceRule } from '../../libcontainer/config/resources.ts'

/** Nodes at a path of the host: the one, or those in a directory and below; none when there is nothing. */
export type DevicesAt = (path: string) => readonly Device[]

const everything: DeviceRule = { allow: true, access: 'rwm' }

/** Docker's: nodes may be made, and none opened but those that every program has, and terminals. */
const defaults: readonly DeviceRule[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  ...['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:1', '5:2'].map((numbers) => rule(`c ${numbers} rwm`)),
  { allow: true, type: 'c', major: 136, access: 'rwm' },
]

export interface Devices {
  devices: Device[]
  rules: DeviceRule[]
}

/** @throws EngineError `invalid` for a device that is not there, or a rule that is none */
export function devicesOf(
  { Devices, DeviceCgroupRules, Privileged }: HostConfig,
  at: DevicesAt,
  all: () => readonly Device[],
): Devices {
  const mapped = (Devices ?? []).map((mapping) => ({
    mapping,
    nodes: nodesOf(mapping.PathOnHost, mapping.PathInContainer || mapping.PathOnHost, at),
  }))
  const own = mapped.flatMap(({ nodes }) => nodes)
  if (Privileged) {
    const paths = new Set(own.map(({ path }) => path))
    return { devices: [...all().filter(({ path }) => !paths.has(path)), ...own], rules: [everything] }
  }
  const allowed = mapped.flatMap(({ mapping, nodes }) =>
    nodes.map((node) => ruleFor(node, mapping.CgroupPermissions)),
  )
  return { devices: own, rules: [...defaults, ...allowed, ...(DeviceCgroupRules ?? []).map(rule)] }
}

/** Of a directory, its nodes under the same names below the other path. */
function nodesOf(path: string, destination: string, at: DevicesAt): Device[] {
  const nodes = at(path)
  if (nodes.length === 0)
    throw new EngineError(
      'invalid',
      `error gathering device information while adding custom device "${path}": no such file or directory`,
    )
  return nodes.map((node) => ({ ...node, path: `${destination}${node.path.slice(path.length)}` }))
}

function ruleFor({ type, major, minor }: Device, access: string): DeviceRule {
  return {
    ...{ allow: true, type: type === 'b' ? 'b' : 'c', access: access || 'rwm' },
    ...(major === undefined ? {} : { major }),
    ...(minor === undefined ? {} : { minor }),
  }
}

/** `c 1:3 rwm`, with `*` for any number. */
function rule(text: string): DeviceRule {
  const [, type, major = '', minor = '', access = ''] =
    /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text) ?? []
  if (type !== 'a' && type !== 'b' && type !== 'c')
    throw new EngineError('invalid', `invalid device cgroup rule format: '${text}'`)
  return {
    ...{ allow: true, type, access },
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
  }
}

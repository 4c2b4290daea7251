// Configs that break one rule each: the example, changed, and the JSON path that
// must be blamed. For the suite of config.json.
import { exampleConfig } from '../../engine/libcontainer/config/example.ts'

export interface Json {
  [name: string]: Json
}

/** The example, changed. */
export function changed(change: (config: Json) => void): string {
  const config: Json = JSON.parse(JSON.stringify(exampleConfig({ cgroupNamespace: true })))
  change(config)
  return JSON.stringify(config)
}

/** `reason` is a part of what must be said. */
export const cases: [path: string, change: (config: Json) => unknown, reason?: string][] = [
  ['$.ociVersion', (c) => Object.assign(c, { ociVersion: '1.2' }), 'not a version'],
  ['$.ociVersion', (c) => Object.assign(c, { ociVersion: '2.0.0' }), 'major version 2'],
  ['$.ociVersion', (c) => Object.assign(c, { ociVersion: 1 }), 'a string'],
  ['$.root', (c) => delete c.root],
  ['$.root.path', (c) => Object.assign(c.root ?? {}, { path: 'nowhere' }), 'no directory'],
  ['$.root.path', (c) => Object.assign(c.root ?? {}, { path: 'file' }), 'not a directory'],
  ['$.root.path', (c) => Object.assign(c.root ?? {}, { path: 'loop' }), 'ELOOP'],
  ['$.root.path', (c) => Object.assign(c.root ?? {}, { path: 'x'.repeat(300) }), 'ENAMETOOLONG'],
  ['$.root.path', (c) => Object.assign(c.root ?? {}, { path: 'a\0b' }), 'NUL'],
  ['$.root.path', (c) => Object.assign(c.root ?? {}, { path: '' }), 'empty'],
  ['$.hostname', (c) => drop(c, 'uts'), 'uts namespace'],
  ['$.hostname', (c) => Object.assign(c, { hostname: 'x'.repeat(65) }), '64 bytes'],
  ['$.domainname', (c) => Object.assign(c, { domainname: 5 }), 'a string'],
  ['$.mounts', (c) => drop(c, 'mount'), 'mount namespace'],
  ['$.linux.maskedPaths', (c) => drop(c, 'mount'), 'mount namespace'],
  ['$.root.readonly', (c) => drop(c, 'mount'), 'mount namespace'],
  ['$.linux.namespaces[6].type', (c) => namespaces(c).push({ type: 'pid' }), 'listed twice'],
  ['$.linux.namespaces[6].type', (c) => namespaces(c).push({ type: 'nope' }), 'one of pid, network'],
  ['$.linux.namespaces[1].path', (c) => Object.assign(namespaces(c)[1] ?? {}, { path: 'x' }), 'absolute'],
  [
    '$.linux.namespaces[1].path',
    (c) => Object.assign(namespaces(c)[1] ?? {}, { path: '/no' }),
    'there is no',
  ],
  ['$.linux.uidMappings', (c) => linux(c, { uidMappings: [map(0, 1000, 1)] }), 'user namespace'],
  ['$.linux.uidMappings', (c) => namespaces(c).push({ type: 'user' }), 'needs it'],
  ['$.linux.gidMappings[0].size', (c) => user(c, [map(0, 1000, 1)], [map(0, 0, 0)]), 'maps nobody'],
  ['$.linux.uidMappings[1].hostID', (c) => user(c, [map(0, 1000, 10), map(10, 1009, 1)]), 'overlaps'],
  ['$.linux.uidMappings[0].containerID', (c) => user(c, [map(5, 1, 9), map(0, 1000, 6)]), 'overlaps'],
  ['$.linux.uidMappings[0].size', (c) => user(c, [map(0, 4294967290, 10)]), '2^32'],
  ['$.process.user.uid', (c) => user(c, [map(1, 1000, 10)]), 'does not map 0'],
  ['$.process.user.gid', (c) => user(c, [map(0, 1, 1)], [map(1, 1, 1)]), 'does not map 0'],
  ['$.linux.timeOffsets', (c) => linux(c, { timeOffsets: { boottime: { secs: 1 } } }), 'time namespace'],
  ['$.linux.timeOffsets', (c) => linux(c, { timeOffsets: { nope: {} } }), 'no property "nope"'],
  [
    '$.linux.timeOffsets.monotonic.nanosecs',
    (c) => {
      namespaces(c).push({ type: 'time' })
      linux(c, { timeOffsets: { monotonic: { nanosecs: 1e9 } } })
    },
  ],
  ['$.linux.sysctl["vm.swappiness"]', (c) => sysctl(c, 'vm.swappiness'), 'no namespace'],
  ['$.linux.sysctl["kernel.hostname"]', (c) => sysctl(c, 'kernel.hostname'), '$.hostname'],
  ['$.linux.sysctl["net/../kernel/panic"]', (c) => sysctl(c, 'net/../kernel/panic'), 'not the name'],
  [
    '$.linux.sysctl["net.core.somaxconn"]',
    (c) => drop(sysctl(c, 'net.core.somaxconn'), 'network'),
    'network',
  ],
  ['$.linux.sysctl["fs.mqueue.msg_max"]', (c) => drop(sysctl(c, 'fs.mqueue.msg_max'), 'ipc'), 'ipc'],
  ['$.linux.cgroupsPath', (c) => linux(c, { cgroupsPath: '/a/../../b' }), 'upwards'],
  ['$.linux.rootfsPropagation', (c) => linux(c, { rootfsPropagation: 'x' })],
  ['$.linux.personality.flags', (c) => linux(c, { personality: { domain: 'LINUX', flags: ['X'] } })],
  ['$.linux.intelRdt', (c) => linux(c, { intelRdt: {} }), 'resctrl'],
  ['$.linux.intelRdt.memBwSchema', (c) => linux(c, { intelRdt: { memBwSchema: 'L3:' } }), 'MB:'],
  ['$.linux.intelRdt.closID', (c) => linux(c, { intelRdt: { closID: '..' } }), 'directory'],
  ['$.linux.devices[0].major', (c) => linux(c, { devices: [{ type: 'c', path: '/dev/x' }] }), 'missing'],
  ['$.linux.devices[0].path', (c) => linux(c, { devices: [device('dev/x', 1)] }), 'absolute'],
  ['$.linux.devices[0].minor', (c) => linux(c, { devices: [device('/dev/x', 2 ** 20)] }), '1048575'],
  ['$.linux.devices[1].path', (c) => linux(c, { devices: [device('/dev/x', 1), device('/dev/x', 2)] })],
  ['$.process', (c) => Object.assign(c, { process: 'sh' }), 'an object'],
  ['$.process.args', (c) => process(c, { args: [] }), 'no command'],
  ['$.process.args[0]', (c) => process(c, { args: [''] }), 'empty'],
  ['$.process.args[1]', (c) => process(c, { args: ['sh', null] }), 'a string'],
  ['$.process.cwd', (c) => process(c, { cwd: 'tmp' }), 'absolute'],
  ['$.process.env[0]', (c) => process(c, { env: ['PATH'] }), 'NAME=value'],
  ['$.process.env[0]', (c) => process(c, { env: ['=x'] }), 'NAME=value'],
  ['$.process.env[0]', (c) => process(c, { env: ['A=\0'] }), 'NUL'],
  ['$.process.consoleSize.width', (c) => process(c, { consoleSize: { height: 1, width: 70000 } }), '65535'],
  ['$.process.consoleSize.height', (c) => process(c, { consoleSize: { height: -1, width: 7 } }), 'below 0'],
  ['$.process.user.uid', (c) => process(c, { user: { uid: -1, gid: 0 } }), 'below 0'],
  ['$.process.user.uid', (c) => process(c, { user: { uid: 2 ** 32 - 1, gid: 0 } }), 'no id'],
  ['$.process.user.gid', (c) => process(c, { user: { uid: 0, gid: 0.5 } }), 'whole number'],
  ['$.process.capabilities.bounding[0]', (c) => process(c, { capabilities: { bounding: ['chown'] } })],
  [
    '$.process.capabilities.effective[0]',
    (c) => process(c, { capabilities: { effective: ['CAP_KILL'] } }),
    'permitted',
  ],
  ['$.process.rlimits[0].type', (c) => rlimits(c, ['RLIMIT_X', 1, 1]), 'getrlimit'],
  ['$.process.rlimits[1].type', (c) => rlimits(c, ['RLIMIT_CPU', 1, 1], ['RLIMIT_CPU', 1, 1]), 'twice'],
  ['$.process.rlimits[0].soft', (c) => rlimits(c, ['RLIMIT_CPU', 2, 1]), 'above the hard'],
  ['$.process.oomScoreAdj', (c) => process(c, { oomScoreAdj: 1001 }), 'above 1000'],
  ['$.process.scheduler.policy', (c) => process(c, { scheduler: { policy: 'X' } })],
  ['$.process.scheduler.nice', (c) => process(c, { scheduler: { policy: 'SCHED_OTHER', nice: 20 } })],
  ['$.process.scheduler.priority', (c) => process(c, { scheduler: { policy: 'SCHED_OTHER', priority: 2 } })],
  ['$.process.scheduler.runtime', (c) => process(c, { scheduler: { policy: 'SCHED_RR', runtime: 2 } })],
  ['$.process.scheduler.flags[0]', (c) => process(c, { scheduler: { policy: 'SCHED_RR', flags: ['X'] } })],
  ['$.process.ioPriority.class', (c) => process(c, { ioPriority: { class: 'X' } }), 'IOPRIO_CLASS_RT'],
  ['$.process.execCPUAffinity.initial', (c) => process(c, { execCPUAffinity: { initial: 'a' } }), '0-3,7'],
  ['$.hooks.prestart[0].path', (c) => Object.assign(c, { hooks: { prestart: [{ path: 'x' }] } }), 'absolute'],
  ['$.hooks.poststop[0].timeout', (c) => hook(c, { timeout: 0 }), 'longer than 0'],
  ['$.hooks.poststop[0].env[0]', (c) => hook(c, { env: ['X'] }), 'NAME=value'],
  ['$.mounts[0].source', (c) => mounts(c, { type: 'none', options: ['rbind'] }), 'has a source'],
  ['$.mounts[0].type', (c) => mounts(c, { source: 'x' }), 'no bind mount'],
  ['$.mounts[0].destination', (c) => mounts(c, { destination: '' }), 'empty'],
  ['$.mounts[0].gidMappings', (c) => mounts(c, { type: 'bind', source: '/', uidMappings: [map(0, 0, 1)] })],
  ['$.mounts[0]', (c) => mounts(c, { type: 'tmpfs', uidMappings: [], gidMappings: [] }), 'bind mount only'],
  ['$.annotations.a', (c) => Object.assign(c, { annotations: { a: 1 } }), 'a string'],
  ['$.annotations[""]', (c) => Object.assign(c, { annotations: { '': 'x' } }), 'empty'],
  ['$.linux.seccomp.defaultAction', (c) => seccomp(c, { defaultAction: 'X' }), 'SCMP_ACT_ALLOW'],
  ['$.linux.seccomp.defaultAction', (c) => seccomp(c, { defaultAction: 'SCMP_ACT_NOTIFY' }), 'default'],
  ['$.linux.seccomp.defaultErrnoRet', (c) => seccomp(c, { defaultErrnoRet: 1 }), 'no errno'],
  ['$.linux.seccomp.architectures[0]', (c) => seccomp(c, { architectures: ['x86'] })],
  ['$.linux.seccomp.flags[0]', (c) => seccomp(c, { flags: ['x'] })],
  ['$.linux.seccomp.listenerMetadata', (c) => seccomp(c, { listenerMetadata: 'x' })],
  ['$.linux.seccomp.syscalls[0].names', (c) => rule(c, { names: [] }), 'no system call'],
  ['$.linux.seccomp.syscalls[0].action', (c) => rule(c, { action: 'ALLOW' })],
  ['$.linux.seccomp.syscalls[0].action', (c) => rule(c, { action: 'SCMP_ACT_NOTIFY' }), 'listenerPath'],
  [
    '$.linux.seccomp.syscalls[0].action',
    (c) =>
      seccomp(c, {
        listenerPath: '/run/listener',
        syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }],
      }),
    'SCMP_ACT_NOTIFY is unsupported',
  ],
  ['$.linux.seccomp.syscalls[0].errnoRet', (c) => rule(c, { errnoRet: 1 }), 'no errno'],
  ['$.linux.seccomp.syscalls[0].args[0].op', (c) => rule(c, { args: [{ index: 0, value: 1, op: '==' }] })],
  [
    '$.linux.seccomp.syscalls[0].args[0].index',
    (c) => rule(c, { args: [{ index: 6, value: 1, op: 'SCMP_CMP_EQ' }] }),
  ],
  ['$.linux.resources.memory.swap', (c) => memory(c, { limit: 20, swap: 10 }), 'below the memory limit'],
  ['$.linux.resources.memory.swap', (c) => memory(c, { swap: 10 }), 'needs a memory limit'],
  ['$.linux.resources.memory.swappiness', (c) => memory(c, { swappiness: 101 })],
  ['$.linux.resources.memory.limit', (c) => memory(c, { limit: '1g' }), 'a number'],
  ['$.linux.resources.cpu.period', (c) => cpu(c, { period: 999 })],
  ['$.linux.resources.cpu.quota', (c) => cpu(c, { quota: 1 })],
  ['$.linux.resources.cpu.burst', (c) => cpu(c, { quota: 2000, burst: 3000 }), 'above the quota'],
  ['$.linux.resources.cpu.cpus', (c) => cpu(c, { cpus: 'all' })],
  ['$.linux.resources.cpu.idle', (c) => cpu(c, { idle: 2 })],
  ['$.linux.resources.cpu.realtimeRuntime', (c) => cpu(c, { realtimeRuntime: 2, realtimePeriod: 1 })],
  ['$.linux.resources.blockIO.weight', (c) => resources(c, { blockIO: { weight: 5 } }), '10 to 1000'],
  [
    '$.linux.resources.blockIO.weightDevice[0]',
    (c) => resources(c, { blockIO: { weightDevice: [{ major: 1, minor: 1 }] } }),
  ],
  [
    '$.linux.resources.hugepageLimits[0].pageSize',
    (c) => resources(c, { hugepageLimits: [{ pageSize: '2', limit: 1 }] }),
  ],
  ['$.linux.resources.rdma.x', (c) => resources(c, { rdma: { x: {} } }), 'neither'],
  ['$.linux.resources.unified["../x"]', (c) => resources(c, { unified: { '../x': '1' } }), 'memory.high'],
  ['$.linux.resources.pids.limit', (c) => resources(c, { pids: {} }), 'missing'],
  ['$.linux.resources.devices[0].access', (c) => resources(c, { devices: [{ allow: true, access: 'rwx' }] })],
]

function at(config: Json, ...path: string[]): Json {
  return path.reduce((one, step) => one[step] ?? {}, config)
}
export function linux(config: Json, more: object): void {
  Object.assign(at(config, 'linux'), more)
}
export function namespaces(config: Json): object[] {
  const list: unknown = at(config, 'linux', 'namespaces')
  return list as object[]
}
function drop(config: Json, type: string): void {
  linux(config, { namespaces: namespaces(config).filter((one) => !('type' in one && one.type === type)) })
}
function sysctl(config: Json, name: string): Json {
  linux(config, { sysctl: { [name]: '1' } })
  return config
}
function map(containerID: number, hostID: number, size: number): object {
  return { containerID, hostID, size }
}
function user(config: Json, uidMappings: object[], gidMappings = [map(0, 1000, 100)]): void {
  namespaces(config).push({ type: 'user' })
  linux(config, { uidMappings, gidMappings })
}
export function device(path: string, minor: number): object {
  return { type: 'c', path, major: 10, minor }
}
export function process(config: Json, more: object): void {
  Object.assign(at(config, 'process'), more)
}
function rlimits(config: Json, ...limits: [string, number, number][]): void {
  process(config, { rlimits: limits.map(([type, soft, hard]) => ({ type, soft, hard })) })
}
function hook(config: Json, more: object): void {
  Object.assign(config, { hooks: { poststop: [{ path: '/bin/true', ...more }] } })
}
export function mounts(config: Json, mount: object): void {
  Object.assign(config, { mounts: [{ destination: '/tmp', ...mount }] })
}
function seccomp(config: Json, more: object): void {
  linux(config, { seccomp: { defaultAction: 'SCMP_ACT_ALLOW', ...more } })
}
function rule(config: Json, more: object): void {
  seccomp(config, { syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ALLOW', ...more }] })
}
function resources(config: Json, more: object): void {
  linux(config, { resources: more })
}
function memory(config: Json, more: object): void {
  resources(config, { memory: more })
}
function cpu(config: Json, more: object): void {
  resources(config, { cpu: more })
}

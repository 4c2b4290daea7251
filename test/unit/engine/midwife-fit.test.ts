// Which execs a midwife can serve.
import { expect, test } from 'vitest'
import type { Config } from '../../../engine/libcontainer/config/config.ts'
import type { Namespace, Seccomp } from '../../../engine/libcontainer/config/linux.ts'
import type { Process } from '../../../engine/libcontainer/config/process.ts'
import { defaultSeccomp } from '../../../engine/libcontainer/default-seccomp.ts'
import { defaultCapabilities } from '../../../engine/libcontainer/defaults.ts'
import { fitsMidwife, letsSpawn } from '../../../engine/libcontainer/midwife-fit.ts'

const process: Process = { args: ['true'], cwd: '/', user: { uid: 0, gid: 0 } }
const join: Namespace[] = (['pid', 'mount', 'network'] as const).map((type) => ({ type, path: `/p/${type}` }))
const fits = (changes: Partial<Process>, linux: Config['linux'] = {}, more: Namespace[] = []): boolean =>
  fitsMidwife({ ...process, ...changes }, { ociVersion: '1.2.0', root: { path: 'r' }, linux }, [
    ...join,
    ...more,
  ])

test('namespaces that take a process of one thread, and limits that would bind Node, are for others', () => {
  expect(fits({})).toBe(true)
  expect(fits({ noNewPrivileges: true, oomScoreAdj: 5, terminal: true })).toBe(true)
  expect(fits({}, {}, [{ type: 'user', path: '/p/user' }])).toBe(false)
  expect(fits({}, {}, [{ type: 'time', path: '/p/time' }])).toBe(false)
  expect(fits({ execCPUAffinity: { initial: '0' } })).toBe(false)
  expect(fits({ scheduler: { policy: 'SCHED_DEADLINE' } })).toBe(false)
  const limit = (type: string): Partial<Process> => ({ rlimits: [{ type, soft: 1, hard: 1 }] })
  expect(fits(limit('RLIMIT_NOFILE'))).toBe(true)
  for (const type of ['RLIMIT_AS', 'RLIMIT_DATA', 'RLIMIT_NPROC']) expect(fits(limit(type)), type).toBe(false)
  expect(fits({}, { resources: { pids: { limit: 20 } } })).toBe(false)
  expect(fits({}, { resources: { pids: { limit: -1 } } })).toBe(true)
})

test('a filter that forbids what it takes to have a child is for others; Docker’s does not', () => {
  for (const capabilities of [[], defaultCapabilities, ['CAP_SYS_ADMIN']])
    for (const arch of ['x64', 'arm64'])
      expect(letsSpawn(defaultSeccomp(capabilities, { arch, kernel: '6.1.0' })), arch).toBe(true)
  expect(fits({}, { seccomp: defaultSeccomp(defaultCapabilities) })).toBe(true)

  const { syscalls = [], ...docker } = defaultSeccomp(defaultCapabilities)
  const without = (name: string): Seccomp => ({
    ...docker,
    syscalls: syscalls.flatMap((rule) => {
      const names = rule.names.filter((one) => one !== name)
      return names.length === 0 ? [] : [{ ...rule, names }]
    }),
  })
  for (const name of ['execve', 'clone', 'clone3', 'mmap', 'write'])
    expect(letsSpawn(without(name)), name).toBe(false)
  expect(letsSpawn(without('reboot'))).toBe(true)

  const listed = (names: string[], action = 'SCMP_ACT_ERRNO'): Seccomp => ({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names, action }],
  })
  expect(letsSpawn(listed(['mkdir']))).toBe(true)
  expect(letsSpawn(listed(['mkdir', 'munmap']))).toBe(false)
  expect(letsSpawn(listed(['write'], 'SCMP_ACT_LOG'))).toBe(false)
  // In whose absence glibc would have to do without.
  expect(letsSpawn(listed(['clone3']))).toBe(false)
  const noThreads = { names: ['clone'], action: 'SCMP_ACT_ALLOW' }
  const flag = { index: 0, op: 'SCMP_CMP_MASKED_EQ', value: 0x100 }
  expect(
    letsSpawn({
      ...docker,
      syscalls: [...(without('clone').syscalls ?? []), { ...noThreads, args: [flag] }],
    }),
  ).toBe(false)
})

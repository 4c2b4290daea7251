// config-linux.md of the OCI runtime specification 1.2, "Seccomp": what a filtered
// process is told by the kernel. Needs root.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { Runtime } from '../suites/bundle.ts'
import { openConsole } from '../suites/console.ts'
import { must, mustEach } from '../suites/must.ts'

let runtime: Runtime

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('seccomp (needs root)', () => {
  beforeAll(async () => {
    runtime = await Runtime.open()
  })
  afterEach(() => runtime.clean())
  afterAll(() => runtime.close())

  const rule = (names: string[], action: string, more: object = {}) => ({ names, action, ...more })
  const run = (script: string, syscalls: object[], more: object = {}) =>
    runtime.run(script, { linux: { seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls, ...more } } })
  const mkdir = ['mkdir', 'mkdirat']

  mustEach(
    'the action %s does what libseccomp says',
    [
      ['SCMP_ACT_ERRNO', {}, /Operation not permitted/, 0],
      ['SCMP_ACT_ERRNO', { errnoRet: 38 }, /Function not implemented/, 0],
      ['SCMP_ACT_KILL', {}, /^$|Bad system call/, 159],
      ['SCMP_ACT_KILL_THREAD', {}, /^$|Bad system call/, 159],
      ['SCMP_ACT_KILL_PROCESS', {}, /^$|Bad system call/, 159],
      ['SCMP_ACT_TRAP', {}, /^$|Bad system call/, 159],
      ['SCMP_ACT_LOG', {}, /^$/, 0],
      ['SCMP_ACT_ALLOW', {}, /^$/, 0],
      ['SCMP_ACT_TRACE', {}, /Function not implemented|not permitted/, 0],
    ] as const,
    async (action, more, message, status) => {
      // Killed by SIGSYS, 31: the shell says 128 + 31.
      const result = await run(`mkdir /tmp/x; s=$?; [ $s -gt 100 ] && exit $s; true`, [
        rule(mkdir, action, more),
      ])
      expect(result.stderr).toMatch(message)
      expect(result.status).toBe(status)
    },
  )

  must('the default action holds for what no rule names', async () => {
    const { stdout } = await runtime.run('mkdir /tmp/x 2>&1; echo alive', {
      linux: {
        seccomp: {
          defaultAction: 'SCMP_ACT_LOG',
          architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32', 'SCMP_ARCH_AARCH64'],
          syscalls: [rule(mkdir, 'SCMP_ACT_ERRNO', { errnoRet: 13 })],
        },
      },
    })
    expect(stdout).toMatch(/Permission denied\nalive/)
  })

  must('arguments are compared by their operators', async () => {
    // mkdir's mode is its second argument; busybox gives it as umask allows.
    const only = (op: string, value: number, valueTwo?: number) =>
      rule(['mkdir'], 'SCMP_ACT_ERRNO', {
        args: [{ index: 1, value, op, ...(valueTwo === undefined ? {} : { valueTwo }) }],
      })
    const denied = async (syscall: object) =>
      (await run('mkdir -m 700 /tmp/x 2>&1; true', [syscall])).stdout.includes('not permitted')
    expect(await denied(only('SCMP_CMP_GE', 0))).toBe(true)
    expect(await denied(only('SCMP_CMP_GT', 0o7777))).toBe(false)
    expect(await denied(only('SCMP_CMP_LT', 0o10000))).toBe(true)
    expect(await denied(only('SCMP_CMP_NE', 0o12345))).toBe(true)
    expect(await denied(only('SCMP_CMP_EQ', 0o12345))).toBe(false)
    expect(await denied(only('SCMP_CMP_MASKED_EQ', 0o100000, 0))).toBe(true)
    expect(await denied(only('SCMP_CMP_LE', 0o7777))).toBe(true)
  })

  must('a syscall that this machine does not know is passed over', async () => {
    expect((await run('true', [rule(['mkdir', 'no_such_syscall'], 'SCMP_ACT_ERRNO')])).status).toBe(0)
  })

  mustEach(
    'seccomp with %s is refused',
    [
      ['an unknown action', [{ names: ['mkdir'], action: 'SCMP_ACT_NONSENSE' }], {}],
      ['a rule without names', [{ names: [], action: 'SCMP_ACT_ERRNO' }], {}],
      [
        'an unknown operator',
        [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO', args: [{ index: 0, value: 1, op: 'X' }] }],
        {},
      ],
      ['an unknown architecture', [], { architectures: ['SCMP_ARCH_NONSENSE'] }],
      ['an unknown flag', [], { flags: ['SECCOMP_FILTER_FLAG_NONSENSE'] }],
      [
        'an errno for an action without one',
        [{ names: ['mkdir'], action: 'SCMP_ACT_KILL', errnoRet: 1 }],
        {},
      ],
      ['a default errno for an action without one', [], { defaultErrnoRet: 1 }],
      ['metadata for no listener', [], { listenerMetadata: 'x' }],
    ] as const,
    async (_name, syscalls, more) => {
      const { status, stderr } = await run('true', [...syscalls], more)
      expect(status).not.toBe(0)
      expect(stderr).not.toMatch(/ at .*:\d+:\d+/)
    },
  )

  must('flags are taken, and the filter is on', async () => {
    const { stdout, status } = await run('grep Seccomp: /proc/self/status', [], {
      flags: ['SECCOMP_FILTER_FLAG_LOG'],
      syscalls: [rule(mkdir, 'SCMP_ACT_ERRNO')],
    })
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'Seccomp:\t2\n' })
  })

  must('without noNewPrivileges the filter is on too', async () => {
    const { stdout } = await runtime.run('mkdir /tmp/x 2>&1; grep NoNewPrivs /proc/self/status', {
      process: { noNewPrivileges: false },
      linux: {
        seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule(mkdir, 'SCMP_ACT_ERRNO')] },
      },
    })
    expect(stdout).toMatch(/not permitted\nNoNewPrivs:\t0/)
  })

  must('exec has the same filter', async () => {
    const container = await runtime.container({
      linux: {
        seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule(mkdir, 'SCMP_ACT_ERRNO')] },
      },
    })
    await container.launch()
    expect((await container.exec('mkdir /tmp/x')).stderr).toMatch(/not permitted/)
  })

  must('notify sends the process’s state and one descriptor, or is refused', async () => {
    const container = await runtime.container()
    const listenerPath = join(container.bundle, 'listener')
    await container.configure({
      linux: {
        seccomp: {
          defaultAction: 'SCMP_ACT_ALLOW',
          listenerPath,
          listenerMetadata: 'about it',
          syscalls: [rule(['sethostname'], 'SCMP_ACT_NOTIFY')],
        },
      },
    })
    const listener = await openConsole(listenerPath)
    try {
      const { status } = await container.create()
      if (status !== 0) {
        expect(await container.output('err')).toMatch(/notify/i)
        return
      }
      const started = await container.start()
      expect(started.status).toBe(0)
      await expect.poll(() => listener.output()).toMatch(/^received 1: /)
      const { pid } = await container.state()
      expect(JSON.parse(listener.output().slice('received 1: '.length))).toMatchObject({
        ociVersion: expect.stringMatching(/^1\./),
        fds: ['seccompFd'],
        pid,
        metadata: 'about it',
        state: { id: container.id, pid },
      })
      expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/Seccomp:\t2/)
    } finally {
      await listener.close()
    }
  })
})

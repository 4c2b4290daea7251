// Seccomp profiles: what libseccomp makes of them, judged by an interpreter. No root; libseccomp.so.2.
import { describe, expect, test } from 'vitest'
import type { Seccomp } from '../../../engine/libcontainer/config/linux.ts'
import { defaultSeccomp } from '../../../engine/libcontainer/default-seccomp.ts'
import { defaultCapabilities } from '../../../engine/libcontainer/defaults.ts'
import { compileSeccomp } from '../../../engine/libcontainer/seccomp.ts'
import { type Call, judge } from './bpf.ts'

// Numbers of x86-64, asm/unistd_64.h.
const nr = {
  read: 0,
  mmap: 9,
  socket: 41,
  clone: 56,
  mkdir: 83,
  ptrace: 101,
  personality: 135,
  chroot: 161,
  mount: 165,
  reboot: 169,
  init_module: 175,
  settimeofday: 164,
  keyctl: 250,
  unshare: 272,
  bpf: 321,
  userfaultfd: 323,
  kexec_file_load: 320,
  io_uring_setup: 425,
  clone3: 435,
  openat2: 437,
}
const EPERM = 'errno 1'
const ENOSYS = 'errno 38'
const CLONE_NEWUSER = 0x10000000
const SIGCHLD = 17

function verdict(seccomp: Seccomp, call: Call): string {
  return judge(compileSeccomp(seccomp).bpf, call)
}

function rule(action: string, more: Partial<NonNullable<Seccomp['syscalls']>[number]> = {}): Seccomp {
  return { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir'], action, ...more }] }
}

// The numbers above are one machine's; the rest of the test says nothing about others.
describe.runIf(process.platform === 'linux' && process.arch === 'x64')('a seccomp profile', () => {
  test.each([
    ['SCMP_ACT_KILL', 'kill thread'],
    ['SCMP_ACT_KILL_THREAD', 'kill thread'],
    ['SCMP_ACT_KILL_PROCESS', 'kill process'],
    ['SCMP_ACT_TRAP', 'trap'],
    ['SCMP_ACT_ERRNO', 'errno 1'],
    ['SCMP_ACT_TRACE', 'trace 1'],
    ['SCMP_ACT_LOG', 'log'],
  ])('%s', (action, expected) => {
    expect(verdict(rule(action), { nr: nr.mkdir })).toBe(expected)
    expect(verdict(rule(action), { nr: nr.read })).toBe('allow')
  })

  test('errnoRet and defaultErrnoRet', () => {
    expect(verdict(rule('SCMP_ACT_ERRNO', { errnoRet: 42 }), { nr: nr.mkdir })).toBe('errno 42')
    const denying: Seccomp = {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 13,
      syscalls: [{ names: ['keyctl'], action: 'SCMP_ACT_ALLOW' }],
    }
    expect(verdict(denying, { nr: nr.mkdir })).toBe('errno 13')
    expect(verdict(denying, { nr: nr.keyctl })).toBe('allow')
  })

  test.each([
    ['SCMP_CMP_NE', 5, 0, [4, 6], [5]],
    ['SCMP_CMP_LT', 5, 0, [4], [5, 6]],
    ['SCMP_CMP_LE', 5, 0, [4, 5], [6]],
    ['SCMP_CMP_EQ', 5, 0, [5], [4, 2 ** 32 + 5]],
    ['SCMP_CMP_GE', 5, 0, [5, 2 ** 40], [4]],
    ['SCMP_CMP_GT', 5, 0, [6], [5]],
    ['SCMP_CMP_MASKED_EQ', 6, 2, [2, 3], [0, 6]],
  ])('%s on an argument', (op, value, valueTwo, hit, missed) => {
    const seccomp = rule('SCMP_ACT_ERRNO', { args: [{ index: 1, value, valueTwo, op }] })
    for (const argument of hit)
      expect(verdict(seccomp, { nr: nr.mkdir, args: [0, argument] }), `${argument}`).toBe(EPERM)
    for (const argument of missed)
      expect(verdict(seccomp, { nr: nr.mkdir, args: [0, argument] }), `${argument}`).toBe('allow')
  })

  test('conditions on two arguments hold together; two on the same are alternatives', () => {
    const equals = (index: number, value: number) => ({ index, value, op: 'SCMP_CMP_EQ' })
    const both = rule('SCMP_ACT_ERRNO', { args: [equals(0, 1), equals(1, 2)] })
    expect(verdict(both, { nr: nr.mkdir, args: [1, 2] })).toBe(EPERM)
    expect(verdict(both, { nr: nr.mkdir, args: [1, 3] })).toBe('allow')
    const either = rule('SCMP_ACT_ERRNO', { args: [equals(0, 1), equals(0, 2)] })
    for (const [argument, expected] of [
      [1, EPERM],
      [2, EPERM],
      [3, 'allow'],
    ] as const)
      expect(verdict(either, { nr: nr.mkdir, args: [argument] })).toBe(expected)
  })

  test('another architecture is killed unless it is listed', () => {
    const x86mkdir = 39
    expect(verdict(rule('SCMP_ACT_ERRNO'), { nr: x86mkdir, arch: 'x86' })).toBe('kill thread')
    const listed = { ...rule('SCMP_ACT_ERRNO'), architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'] }
    expect(verdict(listed, { nr: x86mkdir, arch: 'x86' })).toBe(EPERM)
    expect(verdict(listed, { nr: nr.mkdir })).toBe(EPERM)
    expect(verdict(listed, { nr: 1, arch: 'arm64' })).toBe('kill thread')
  })

  test('names that nobody knows are skipped, and so is what the default says anyhow', () => {
    const seccomp = rule('SCMP_ACT_ERRNO', { names: ['no_such_call', 'mkdir'] })
    expect(verdict(seccomp, { nr: nr.mkdir })).toBe(EPERM)
    expect(verdict(rule('SCMP_ACT_ALLOW'), { nr: nr.mkdir })).toBe('allow')
  })

  test('calls younger than a profile that denies do not exist', () => {
    const denying = (defaultErrnoRet: number): Seccomp => ({
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet,
      architectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
      syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ALLOW' }],
    })
    const seccomp = denying(1)
    expect(verdict(seccomp, { nr: nr.read })).toBe(EPERM)
    expect(verdict(seccomp, { nr: nr.mkdir })).toBe('allow')
    expect(verdict(seccomp, { nr: nr.mkdir + 1 })).toBe(ENOSYS)
    expect(verdict(seccomp, { nr: 40, arch: 'x86' })).toBe(ENOSYS)
    expect(verdict(seccomp, { nr: 39, arch: 'x86' })).toBe('allow')
    // x32: read is an older call, though its number is above all of x86-64's.
    expect(verdict(seccomp, { nr: 0x40000000 })).toBe(EPERM)
    expect(verdict(rule('SCMP_ACT_ERRNO'), { nr: 5000 })).toBe('allow')
  })

  test('flags of seccomp(2); TSYNC would only hit threads that are about to end', () => {
    const flags = ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW']
    expect(compileSeccomp({ defaultAction: 'SCMP_ACT_ALLOW', flags }).flags).toBe(0x6)
    // EINVAL to the kernel without a listener, which is how one gets to wait at all.
    const waiting = { defaultAction: 'SCMP_ACT_ALLOW', flags: ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'] }
    expect(compileSeccomp(waiting).flags).toBe(0)
  })

  test('the same profile is compiled once', () => {
    expect(compileSeccomp(rule('SCMP_ACT_TRAP'))).toBe(compileSeccomp(rule('SCMP_ACT_TRAP')))
  })

  test.each<[string, Seccomp, RegExp]>([
    [
      'an action',
      rule('SCMP_ACT_FOO'),
      /^\$\.linux\.seccomp\.syscalls\[0\]\.action: there is no action SCMP_ACT_FOO/,
    ],
    ['an inherited word', rule('toString'), /there is no action toString/],
    ['notify', rule('SCMP_ACT_NOTIFY'), /there is no action SCMP_ACT_NOTIFY/],
    ['a default action', { defaultAction: 'X' }, /^\$\.linux\.seccomp\.defaultAction: /],
    ['an errno that has no effect', rule('SCMP_ACT_KILL', { errnoRet: 1 }), /returns no errno/],
    [
      'a default errno that has none',
      { defaultAction: 'SCMP_ACT_ALLOW', defaultErrnoRet: 1 },
      /returns no errno/,
    ],
    ['an errno of 17 bits', rule('SCMP_ACT_ERRNO', { errnoRet: 65536 }), /more than 16 bits/],
    [
      'an operator',
      rule('SCMP_ACT_ERRNO', { args: [{ index: 0, value: 1, op: 'LIKE' }] }),
      /syscalls\[0\]\.args\[0\]\.op: there is no operator LIKE/,
    ],
    [
      'an argument',
      rule('SCMP_ACT_ERRNO', { args: [{ index: 6, value: 1, op: 'SCMP_CMP_EQ' }] }),
      /args\[0\]\.index: .* not 6/,
    ],
    [
      'half a number',
      rule('SCMP_ACT_ERRNO', { args: [{ index: 0, value: 1.5, op: 'SCMP_CMP_EQ' }] }),
      /value: 1\.5 is not a whole number/,
    ],
    [
      'an architecture',
      { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_VAX'] },
      /^\$\.linux\.seccomp\.architectures\[0\]: .*SCMP_ARCH_VAX/,
    ],
    [
      'a flag',
      { defaultAction: 'SCMP_ACT_ALLOW', flags: ['SECCOMP_FILTER_FLAG_NEW_LISTENER'] },
      /^\$\.linux\.seccomp\.flags\[0\]: /,
    ],
  ])('refused by its path: %s', (_name, seccomp, message) => {
    expect(() => compileSeccomp(seccomp)).toThrow(message)
  })
})

describe.runIf(process.platform === 'linux' && process.arch === 'x64')("Docker's profile", () => {
  const on = (kernel: string, ...more: string[]): Seccomp =>
    defaultSeccomp([...defaultCapabilities, ...more], { arch: 'x64', kernel })
  const usual = on('6.1.0-18-amd64')

  test.each([
    'keyctl',
    'mount',
    'unshare',
    'reboot',
    'init_module',
    'settimeofday',
    'bpf',
    'userfaultfd',
    'kexec_file_load',
    'io_uring_setup',
  ] as const)('refuses %s', (name) => {
    expect(verdict(usual, { nr: nr[name] })).toBe(EPERM)
  })

  test.each(['read', 'mmap', 'mkdir', 'chroot', 'openat2'] as const)('allows %s', (name) => {
    expect(verdict(usual, { nr: nr[name] })).toBe('allow')
  })

  test('new processes, and no new user namespaces', () => {
    expect(verdict(usual, { nr: nr.clone, args: [SIGCHLD] })).toBe('allow')
    expect(verdict(usual, { nr: nr.clone, args: [SIGCHLD | CLONE_NEWUSER] })).toBe(EPERM)
    expect(verdict(usual, { nr: nr.clone3 })).toBe(ENOSYS)
  })

  test('with CAP_SYS_ADMIN: mount, unshare, clone with any flags', () => {
    const admin = on('6.1', 'CAP_SYS_ADMIN')
    for (const name of ['mount', 'unshare', 'clone3', 'bpf'] as const)
      expect(verdict(admin, { nr: nr[name] })).toBe('allow')
    expect(verdict(admin, { nr: nr.clone, args: [CLONE_NEWUSER] })).toBe('allow')
    expect(verdict(admin, { nr: nr.keyctl })).toBe(EPERM)
  })

  test('ptrace: since Linux 4.8, or with CAP_SYS_PTRACE', () => {
    expect(verdict(usual, { nr: nr.ptrace })).toBe('allow')
    expect(verdict(on('4.8.0'), { nr: nr.ptrace })).toBe('allow')
    expect(verdict(on('4.4.0-210-generic'), { nr: nr.ptrace })).toBe(EPERM)
    expect(verdict(on('4.4.0', 'CAP_SYS_PTRACE'), { nr: nr.ptrace })).toBe('allow')
  })

  test('without CAP_SYS_CHROOT, no chroot', () => {
    const without = defaultCapabilities.filter((name) => name !== 'CAP_SYS_CHROOT')
    expect(verdict(defaultSeccomp(without), { nr: nr.chroot })).toBe(EPERM)
  })

  test('sockets of the network, not of the kernel’s cryptography or the hypervisor', () => {
    const [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK] = [1, 2, 10, 16, 17, 38, 40]
    for (const family of [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET])
      expect(verdict(usual, { nr: nr.socket, args: [family] }), `${family}`).toBe('allow')
    for (const family of [AF_ALG, AF_VSOCK])
      expect(verdict(usual, { nr: nr.socket, args: [family] }), `${family}`).toBe(EPERM)
  })

  test('personalities that change nothing about safety', () => {
    for (const one of [0, 8, 0x20000, 0x20008, 0xffffffff])
      expect(verdict(usual, { nr: nr.personality, args: [one] }), `${one}`).toBe('allow')
    const ADDR_NO_RANDOMIZE = 0x40000
    expect(verdict(usual, { nr: nr.personality, args: [ADDR_NO_RANDOMIZE] })).toBe(EPERM)
  })

  test('32-bit programs are under it too, and calls of the future do not exist', () => {
    const [x86read, x86keyctl] = [3, 288]
    expect(verdict(usual, { nr: x86read, arch: 'x86' })).toBe('allow')
    expect(verdict(usual, { nr: x86keyctl, arch: 'x86' })).toBe(EPERM)
    expect(verdict(usual, { nr: 600 })).toBe(ENOSYS)
  })
})

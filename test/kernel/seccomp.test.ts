// Seccomp filters on the real kernel: loaded by confine(), met by the command. Needs root.
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import type { Seccomp } from '../../engine/libcontainer/config/linux.ts'
import { defaultSeccomp } from '../../engine/libcontainer/default-seccomp.ts'
import { defaultCapabilities } from '../../engine/libcontainer/defaults.ts'
import { confined, fixture, hasStaticBusybox, isLinuxRoot, shell } from './confining.ts'

describe.runIf(isLinuxRoot)('a seccomp filter (needs root on Linux)', () => {
  test.each([
    [true, 0],
    [false, 0],
    [true, 1000],
    [false, 1000],
  ])('system calls get their errno (no_new_privs %s, user %d)', async (noNewPrivileges, uid) => {
    const seccomp: Seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 42 },
        { names: ['unlink', 'unlinkat'], action: 'SCMP_ACT_ERRNO' },
      ],
    }
    const { stdout } = await confined(
      'mkdir /tmp/lc-never 2>&1; rm -f /etc/passwd 2>&1; grep Seccomp: /proc/self/status',
      {
        seccomp,
        process: { noNewPrivileges, user: { uid, gid: uid } },
      },
    )
    expect(stdout).toMatch(/No message of desired type\n.*Operation not permitted\nSeccomp:\t2$/)
  })

  test('Docker’s profile lets a shell work, and refuses what it should', async () => {
    const { stdout } = await confined(
      'unshare -U true 2>&1; mount -t tmpfs x /mnt 2>&1; ls -d /bin; /usr/sbin/chroot / echo chroot',
      {
        seccomp: defaultSeccomp(defaultCapabilities),
      },
    )
    expect(stdout).toMatch(/unshare.*Operation not permitted\nmount.*permi.*\n(.*\n)*\/bin\nchroot$/i)
  })

  test('without privileges and without no_new_privs, the error says which of them to add', async () => {
    const config = { process: shell('true'), seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } }
    const { stderr } = await execa(
      'setpriv',
      ['--bounding-set=-sys_admin', process.execPath, fixture, JSON.stringify(config)],
      { reject: false },
    )
    expect(stderr).toMatch(
      /error: load the seccomp filter: without CAP_SYS_ADMIN it takes \$\.process\.noNewPrivileges/,
    )
  })

  // What a program without libraries needs, and not one call more: none of Node's own is among them.
  const few = [
    ...['brk', 'arch_prctl', 'set_tid_address', 'set_robust_list', 'rseq', 'prlimit64', 'readlink'],
    ...['readlinkat', 'getrandom', 'mprotect', 'write', 'exit_group', 'getuid', 'prctl', 'execve'],
  ]
  test.runIf(hasStaticBusybox())(
    'a filter that kills for anything else lets us through to execve',
    async () => {
      for (const [noNewPrivileges, more] of [
        [true, []],
        [false, ['capset']],
      ] as const) {
        const alive = () =>
          confined('', {
            seccomp: {
              defaultAction: 'SCMP_ACT_KILL_PROCESS',
              syscalls: [{ names: [...few, ...more], action: 'SCMP_ACT_ALLOW' }],
            },
            process: { noNewPrivileges, args: ['busybox', 'echo', 'alive'] },
          })
        // V8 makes a call of its own when it likes to: one start in a hundred, in the wrong place.
        for (let round = 0; round < 20; round++) {
          const { stdout, exitCode, signal } = await alive()
          expect({ stdout, exitCode, signal }).toMatchObject({ stdout: 'alive', exitCode: 0 })
        }
      }
    },
  )
})

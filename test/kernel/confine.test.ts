// confine() on the real kernel: a process does it to itself, and the command that
// it becomes tells what the kernel says of it. Needs root.
import { execFileSync } from 'node:child_process'
import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { confined, fixture, isLinuxRoot, shell, status, type Wanted } from './confining.ts'

describe.runIf(isLinuxRoot)('a confined process (needs root on Linux)', () => {
  test('has Docker’s capabilities, no others, and no way back', async () => {
    const { stdout } = await confined(status)
    expect(stdout).toContain('CapBnd: 00000000a80425fb')
    expect(stdout).toContain('CapEff: 00000000a80425fb')
    expect(stdout).toContain('CapInh: 0000000000000000')
    expect(stdout).toContain('NoNewPrivs: 0')
    expect(stdout).toContain('Seccomp: 0')
  })

  test('without a list has none', async () => {
    const { stdout } = await confined('grep CapBnd /proc/self/status; chown 1 / 2>&1', {
      process: { capabilities: {} },
    })
    expect(stdout).toMatch(/CapBnd:\t0{16}\n.*Operation not permitted/)
  })

  test('is another user, with groups, umask, HOME, and ambient capabilities', async () => {
    const one = ['CAP_NET_BIND_SERVICE']
    const { stdout } = await confined(`${status}; umask; echo $HOME`, {
      process: {
        user: { uid: 54321, gid: 54322, additionalGids: [7, 5], umask: 0o77 },
        capabilities: { bounding: one, permitted: one, effective: one, inheritable: one, ambient: one },
      },
    })
    expect(stdout.split('\n')).toEqual([
      'Uid: 54321 54321 54321 54321',
      'Gid: 54322 54322 54322 54322',
      'Groups: 5 7 ',
      'SigBlk: 0000000000000000',
      'SigIgn: 0000000000000000',
      ...['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'].map((set) => `Cap${set}: 0000000000000400`),
      'NoNewPrivs: 0',
      'Seccomp: 0',
      '0077',
      '/',
    ])
  })

  test('another user keeps no capability that is not ambient', async () => {
    const { stdout } = await confined('grep -E "Cap(Prm|Eff|Bnd)" /proc/self/status', {
      process: { user: { uid: 1000, gid: 1000 } },
    })
    expect(stdout).toBe('CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t00000000a80425fb')
  })

  test('opens its standard streams anew, as whichever user', async () => {
    const script = 'echo out > /dev/stdout; echo err > /dev/stderr'
    const config = JSON.stringify({ process: shell(script, { user: { uid: 1000, gid: 1000 } }) })
    // Through a pipe of the shell: Node's own are sockets, which nobody can open.
    const line = ['-c', '"$@" 2>&1 | cat', 'sh', process.execPath, fixture, config]
    expect((await execa('sh', line)).stdout).toBe('out\nerr')
  })

  test('has the limits that it should; a limit that cannot be raised is a warning', async () => {
    const { stdout, stderr } = await confined('ulimit -Sn; ulimit -Hn; ulimit -c; ulimit -t', {
      process: {
        rlimits: [
          { type: 'RLIMIT_NOFILE', soft: 100, hard: 200 },
          { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
          { type: 'RLIMIT_CPU', soft: 2 ** 64, hard: 2 ** 64 },
        ],
      },
    })
    expect([stdout, stderr]).toEqual(['100\n200\n0\nunlimited', ''])
    // Above fs.nr_open: refused with and without CAP_SYS_RESOURCE.
    const high = await confined('ulimit -Sn', {
      process: { rlimits: [{ type: 'RLIMIT_NOFILE', soft: 99, hard: 2 ** 33 }] },
    })
    expect(high.stdout).toBe('99')
    expect(high.stderr).toMatch(
      /^warning: RLIMIT_NOFILE is 99:\d+ \(soft:hard\) in place of 99:8589934592: raising it needs CAP_SYS_RESOURCE/,
    )
  })

  test('limits that would be too low for us bind the command only', async () => {
    for (const [type, limit] of [
      ['RLIMIT_AS', 30_000_000],
      ['RLIMIT_DATA', 10_000_000],
      // Three, and one for libc.so.6.
      ['RLIMIT_NOFILE', 4],
      ['RLIMIT_FSIZE', 0],
      ['RLIMIT_NPROC', 0],
    ] as const) {
      const { stdout, stderr } = await confined('echo alive', {
        process: { user: { uid: 54321, gid: 0 }, rlimits: [{ type, soft: limit, hard: limit }] },
      })
      expect([type, stdout, stderr]).toEqual([type, 'alive', ''])
    }
  })

  test('is scheduled as asked: policy, nice, CPU, I/O, OOM, personality', async () => {
    // proc_pid_stat(5): field 19 is nice, 41 the policy, 3 for SCHED_BATCH.
    const { stdout, stderr } = await confined(
      'cut -d" " -f19,41 /proc/self/stat; grep Cpus_allowed_list /proc/self/status; ionice; cat /proc/self/oom_score_adj; uname -m',
      {
        cpus: '0',
        personality: { domain: 'LINUX32' },
        process: {
          oomScoreAdj: 321,
          scheduler: { policy: 'SCHED_BATCH', nice: 3 },
          ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 6 },
        },
      },
    )
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^3 3\nCpus_allowed_list:\t0\nbest-effort: prio 6\n321\n(i686|armv8l)$/)
  })

  test.each<[string, Wanted, RegExp]>([
    [
      'a policy',
      { process: { scheduler: { policy: 'SCHED_X' } } },
      /scheduler\.policy: there is no policy SCHED_X/,
    ],
    [
      'values that it does not take',
      { process: { scheduler: { policy: 'SCHED_BATCH', priority: 5 } } },
      /set the scheduler .*SCHED_BATCH does not take these values.*sched_setattr\(2\): EINVAL/,
    ],
    [
      'a limit',
      { process: { rlimits: [{ type: 'RLIMIT_X', soft: 1, hard: 1 }] } },
      /\$\.process\.rlimits\[0\]\.type: there is no limit/,
    ],
    [
      'soft above hard',
      { process: { rlimits: [{ type: 'RLIMIT_CORE', soft: 2, hard: 1 }] } },
      /is above the hard limit/,
    ],
    [
      'a limit twice',
      { process: { rlimits: [1, 2].map((soft) => ({ type: 'RLIMIT_CORE', soft, hard: 9 })) } },
      /RLIMIT_CORE is there twice/,
    ],
    [
      'flags of personality',
      { personality: { domain: 'LINUX', flags: ['X'] } },
      /\$\.linux\.personality\.flags/,
    ],
  ])('an error names %s', async (_name, wanted, message) => {
    const { stderr, exitCode } = await confined('echo never', wanted)
    expect([stderr, exitCode]).toEqual([expect.stringMatching(message), 125])
  })

  test('a security module that is not in force is an error that says so', async () => {
    const modules = execFileSync(
      'sh',
      ['-c', 'cat /sys/kernel/security/lsm /sys/module/apparmor/parameters/enabled 2>/dev/null || true'],
      { encoding: 'utf8' },
    )
    if (!/apparmor|Y/.test(modules)) {
      const { stderr } = await confined('true', { process: { apparmorProfile: 'mine' } })
      expect(stderr).toMatch(/^error: apply the AppArmor profile mine .*: AppArmor is not in force here/)
      expect((await confined('true', { process: { apparmorProfile: 'unconfined' } })).exitCode).toBe(0)
    } else {
      const { stderr } = await confined('true', { process: { apparmorProfile: 'mine' } })
      expect(stderr).toMatch(/^error: apply the AppArmor profile mine .*: the kernel has no such profile/)
    }
    if (!/selinux/.test(modules)) {
      const { stderr } = await confined('true', { process: { selinuxLabel: 'a:b:c:s0' } })
      expect(stderr).toMatch(/^error: apply the SELinux label a:b:c:s0 .*: SELinux is not in force here/)
    }
  })

  test('a set-user-ID file makes root of a user, and does not with no_new_privs', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lc-setuid-'))
    try {
      await chmod(directory, 0o755)
      await copyFile('/usr/bin/id', join(directory, 'id'))
      await chmod(join(directory, 'id'), 0o4755)
      for (const noNewPrivileges of [false, true]) {
        const { stdout } = await confined(`${directory}/id -u; grep NoNewPrivs /proc/self/status`, {
          process: { noNewPrivileges, user: { uid: 1000, gid: 1000 } },
        })
        expect(stdout).toBe(noNewPrivileges ? '1000\nNoNewPrivs:\t1' : '0\nNoNewPrivs:\t0')
      }
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  test('an OOM score that it cannot have is an error', async () => {
    // As on machines that are containers themselves: without CAP_SYS_RESOURCE.
    const config = JSON.stringify({ process: shell('echo never', { oomScoreAdj: -1000 }) })
    const { stderr } = await execa(
      'setpriv',
      ['--bounding-set=-sys_resource', process.execPath, fixture, config],
      { reject: false },
    )
    expect(stderr).toMatch(
      /set oom_score_adj to -1000 .*: a value below the present one needs CAP_SYS_RESOURCE/,
    )
  })

  test('in a user namespace of its own, what is not allowed there is an error that says so', async () => {
    const inside = (more: Parameters<typeof shell>[1]) =>
      execa(
        'unshare',
        [
          ...['--user', '--map-root-user', process.execPath, fixture],
          JSON.stringify({ process: shell('grep CapEff /proc/self/status', more), seccomp }),
        ],
        { reject: false },
      )
    const seccomp = { defaultAction: 'SCMP_ACT_ALLOW' }
    const { stdout, stderr } = await inside({})
    expect([stdout, stderr]).toEqual(['CapEff:\t00000000a80425fb', ''])
    const groups = await inside({ user: { uid: 0, gid: 0, additionalGids: [5] } })
    expect(groups.stderr).toMatch(
      /^error: set additional groups .*: a rootless user namespace does not let us/,
    )
    const user = await inside({ user: { uid: 1, gid: 0 } })
    expect(user.stderr).toMatch(/^error: become user 1, group 0 .*setresuid\(2\): EINVAL/)
  })

  test('the trace has every call, those after the filter as well, decoded', async () => {
    const { stderr } = await confined('true', {
      trace: true,
      seccomp: { defaultAction: 'SCMP_ACT_ALLOW' },
      process: { user: { uid: 1, gid: 1 }, rlimits: [{ type: 'RLIMIT_CORE', soft: 0, hard: 2 ** 64 }] },
    })
    const calls = stderr.split('\n').filter((line) => !line.includes('CAPBSET'))
    expect(calls.filter((line) => !line.startsWith('trace: '))).toEqual([])
    expect(stderr).toContain('trace: prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN')
    expect(stderr).toContain('trace: setrlimit(RLIMIT_CORE, {rlim_cur=0, rlim_max=RLIM_INFINITY})')
    expect(calls.slice(-5).map((line) => line.replace(/^trace: (\w+\(\w*).*/, '$1'))).toEqual([
      'capset(',
      'seccomp(SECCOMP_SET_MODE_FILTER',
      'prctl(PR_CAP_AMBIENT',
      'capset(',
      'execve(',
    ])
  })
})

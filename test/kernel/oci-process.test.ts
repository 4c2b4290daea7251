// config.md of the OCI runtime specification 1.2, "Process": what runs, as whom, with
// which rights. What the process itself sees counts. Needs root.
import { closeSync, openSync, readFileSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { Runtime } from '../suites/bundle.ts'
import { openConsole } from '../suites/console.ts'
import { must, mustEach } from '../suites/must.ts'

let runtime: Runtime

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('process (needs root)', () => {
  beforeAll(async () => {
    runtime = await Runtime.open()
  })
  afterEach(() => runtime.clean())
  afterAll(() => runtime.close())

  const run = async (script: string, process: object = {}) =>
    (await runtime.run(script, { process })).stdout.trim()
  const statusOf = (text: string) =>
    Object.fromEntries(text.split('\n').map((line) => line.split(':\t') as [string, string]))

  must('args and env are what the program gets, in order and nothing else', async () => {
    const env = ['PATH=/bin', 'B=two words', 'A=1', 'EMPTY=']
    const { stdout } = await runtime.run(
      ['/bin/sh', '-c', 'tr "\\0" "\\n" < /proc/$$/environ; echo "$0|$1"', 'zero', 'one two'],
      {
        process: { env },
      },
    )
    const lines = stdout.trim().split('\n')
    expect(lines.slice(0, -1).filter((line) => !line.startsWith('HOME='))).toEqual(env)
    expect(lines.at(-1)).toBe('zero|one two')
  })

  must('the first of args is looked for in the PATH of env', async () => {
    const container = await runtime.container({
      process: { args: ['mine'], env: ['PATH=/opt:/bin'] },
    })
    await writeFile(join(container.bundle, 'rootfs/tmp/mine'), '#!/bin/sh\necho mine\n')
    await chmod(join(container.bundle, 'rootfs/tmp/mine'), 0o755)
    await container.configure({ process: { args: ['mine'], env: ['PATH=/opt:/tmp:/bin'] } })
    expect((await runtime.call(['run', '--bundle', container.bundle, container.id])).stdout).toBe('mine\n')
  })

  mustEach(
    'an executable that is %s is an error that managers know',
    [
      ['missing', ['nope'], /executable file not found in \$PATH/],
      ['missing at its path', ['/nope'], /no such file or directory/],
      ['a directory', ['/etc'], /permission denied|is a directory/],
      ['not executable', ['/etc/passwd'], /permission denied/],
    ] as const,
    async (_name, args, message) => {
      const { status, stderr } = await runtime.run(args)
      expect(status).not.toBe(0)
      expect(stderr).toMatch(message)
      expect(stderr).not.toMatch(/ at .*:\d+:\d+/)
    },
  )

  must('at least one of args is needed', async () => {
    expect((await runtime.run([])).status).not.toBe(0)
  })

  must('cwd is the working directory, and is made where it is missing', async () => {
    expect(await run('pwd', { cwd: '/tmp' })).toBe('/tmp')
    expect(await run('pwd', { cwd: '/made/for/it' })).toBe('/made/for/it')
  })

  must('a cwd that is not absolute is refused', async () => {
    expect((await runtime.run('pwd', { process: { cwd: 'tmp' } })).status).not.toBe(0)
  })

  must('uid, gid, additionalGids and umask are the process’s', async () => {
    const user = { uid: 1234, gid: 2345, additionalGids: [5, 6], umask: 0o27 }
    expect(await run('id -u; id -g; id -G; umask', { user })).toBe('1234\n2345\n2345 5 6\n0027')
  })

  must('the five sets of capabilities are those that were listed', async () => {
    const set = (...names: string[]) => names.map((name) => `CAP_${name}`)
    const capabilities = {
      bounding: set('CHOWN', 'KILL', 'NET_BIND_SERVICE', 'NET_RAW'),
      permitted: set('CHOWN', 'KILL', 'NET_BIND_SERVICE'),
      effective: set('CHOWN', 'KILL', 'NET_BIND_SERVICE'),
      inheritable: set('NET_BIND_SERVICE'),
      ambient: set('NET_BIND_SERVICE'),
    }
    // exec by another user keeps what is ambient: capabilities(7).
    const status = statusOf(await run('cat /proc/self/status', { capabilities, user: { uid: 7, gid: 7 } }))
    const mask = (...bits: number[]) =>
      bits
        .reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n)
        .toString(16)
        .padStart(16, '0')
    expect(status).toMatchObject({
      CapInh: mask(10),
      CapPrm: mask(10),
      CapEff: mask(10),
      CapBnd: mask(0, 5, 10, 13),
      CapAmb: mask(10),
    })
    const root = statusOf(await run('cat /proc/self/status', { capabilities, noNewPrivileges: false }))
    expect(root).toMatchObject({ CapPrm: mask(0, 5, 10, 13), CapBnd: mask(0, 5, 10, 13) })
  })

  must('without capabilities none are left', async () => {
    const status = statusOf(await run('cat /proc/self/status', { capabilities: undefined }))
    expect(status).toMatchObject({ CapEff: '0'.repeat(16), CapBnd: '0'.repeat(16) })
  })

  must('a capability that the kernel does not know is a warning', async () => {
    const { status, stdout, stderr } = await runtime.run('echo ran', {
      process: { capabilities: { bounding: ['CAP_NONSENSE'], effective: [], permitted: [] } },
    })
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'ran\n' })
    expect(stderr).toMatch(/CAP_NONSENSE/)
  })

  must('noNewPrivileges is no_new_privs of the process', async () => {
    for (const noNewPrivileges of [true, false])
      expect(statusOf(await run('cat /proc/self/status', { noNewPrivileges }))).toMatchObject({
        NoNewPrivs: noNewPrivileges ? '1' : '0',
      })
  })

  must('rlimits are what getrlimit says, soft and hard', async () => {
    const rlimits = [
      { type: 'RLIMIT_NOFILE', soft: 100, hard: 200 },
      { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
    ]
    const limits = await run('cat /proc/self/limits', { rlimits })
    expect(limits).toMatch(/Max open files +100 +200 /)
    expect(limits).toMatch(/Max core file size +0 +0 /)
  })

  mustEach(
    'rlimits with %s are refused',
    [
      ['an unknown type', [{ type: 'RLIMIT_NONSENSE', soft: 1, hard: 1 }]],
      ['one type twice', [1, 2].map((soft) => ({ type: 'RLIMIT_NOFILE', soft, hard: 9 }))],
    ] as const,
    async (_name, rlimits) => {
      expect((await runtime.run('true', { process: { rlimits } })).status).not.toBe(0)
    },
  )

  must('oomScoreAdj is set when given, and left alone when not', async () => {
    expect(await run('cat /proc/self/oom_score_adj', { oomScoreAdj: 321 })).toBe('321')
    expect(await run('cat /proc/self/oom_score_adj')).toBe(
      readFileSync('/proc/self/oom_score_adj', 'utf8').trim(),
    )
  })

  must('ioPriority is the process’s', async () => {
    const ioPriority = { class: 'IOPRIO_CLASS_BE', priority: 3 }
    expect(await run('ionice', { ioPriority })).toMatch(/best-effort: prio 3/)
  })

  must('scheduler sets policy and nice value', async () => {
    const scheduler = { policy: 'SCHED_BATCH', nice: 5 }
    const stat = (await run('cat /proc/self/stat', { scheduler })).split(' ')
    expect({ nice: stat[18], policy: stat[40] }).toEqual({ nice: '5', policy: '3' })
  })

  must('without a terminal, consoleSize is ignored', async () => {
    const { status, stdout } = await runtime.run('tty; true', {
      process: { consoleSize: { height: 10, width: 20 } },
    })
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'not a tty\n' })
  })

  must('a terminal goes to the console socket, with its size, and is /dev/console', async () => {
    const script =
      'tty; stty size; [ -c /dev/console ] && echo console; stat -c "%t,%T" /dev/console /dev/pts/0 | uniq | wc -l; read line; echo "got $line"; exit 5'
    const container = await runtime.container({
      process: {
        terminal: true,
        consoleSize: { height: 33, width: 99 },
        args: ['sh', '-c', script],
      },
    })
    const console = await openConsole(join(container.bundle, 'socket'))
    try {
      await container.launch(['--console-socket', join(container.bundle, 'socket')])
      await expect
        .poll(() => console.output().replaceAll('\r', ''))
        .toMatch(/^received 1: .*\n\/dev\/pts\/0\n33 99\nconsole\n1\n$/)
      console.type('hello\n')
      await expect.poll(() => console.output()).toMatch(/got hello/)
      await expect.poll(() => container.status()).toBe('stopped')
    } finally {
      await console.close()
    }
  })

  must('run in the foreground shows its terminal on the caller’s', async () => {
    const { bundle, id } = await runtime.container({
      process: { terminal: true, args: ['sh', '-c', 'tty; stty | grep -c speed; exit 7'] },
    })
    const line = [runtime.program, '--root', runtime.root, 'run', '--bundle', bundle, id].join(' ')
    // script(1) is a terminal, and says how its command ended.
    const seen = await execa('script', ['-qec', line, '/dev/null'], { stdin: 'ignore', reject: false })
    expect(seen.stdout.replaceAll('\r', '')).toMatch(/\/dev\/pts\/0\n1$/)
    expect(seen.exitCode).toBe(7)
  })

  must('a terminal without a console socket, or the other way round, is refused', async () => {
    const terminal = await runtime.container({ process: { terminal: true } })
    expect((await terminal.create()).status).not.toBe(0)
    const plain = await runtime.container()
    expect((await plain.create(['--console-socket', '/nowhere'])).status).not.toBe(0)
  })

  must('descriptors: --preserve-fds and LISTEN_FDS reach the program, others do not', async () => {
    const script = 'ls /proc/self/fd | tr "\\n" " "; echo; echo "$LISTEN_FDS $LISTEN_PID"; cat <&3; sleep 0.2'
    const container = await runtime.container({ process: { args: ['sh', '-c', script] } })
    await writeFile(join(container.bundle, 'file'), 'from outside\n')
    const file = openSync(join(container.bundle, 'file'), 'r')
    try {
      await container.launch(['--preserve-fds', '1'], { descriptors: [file, file], listenFds: 1 })
      // 0-2, the two that were passed, and ls's own.
      await expect.poll(() => container.output()).toMatch(/^0 1 2 3 4 5 \n1 1\nfrom outside\n$/)
      const other = await runtime.container({ process: { args: ['sh', '-c', script] } })
      await other.launch([], { descriptors: [file, file] })
      await expect.poll(() => other.output()).toMatch(/^0 1 2 3 \n \n/)
    } finally {
      closeSync(file)
    }
  })

  must('run exits with the status of the program, or 128 and the signal', async () => {
    expect((await runtime.run('exit 42')).status).toBe(42)
    const container = await runtime.container()
    const running = runtime.call(['run', '--bundle', container.bundle, container.id])
    // PID 1 of a namespace ignores what comes from inside it: pid_namespaces(7).
    const status = () => container.status().catch(() => 'not yet')
    await expect.poll(status).toBe('running')
    expect(await container.kill('KILL')).toMatchObject({ status: 0 })
    expect((await running).status).toBe(137)
  })
})

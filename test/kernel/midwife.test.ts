// An exec by a midwife is like one that started cold, seen from the inside and by the
// kernel; and whatever ends in between, nothing stays. Needs root.
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ReadStream } from 'node:tty'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Reaper } from '../../engine/drivers/exec/reaper.ts'
import { errorLine } from '../../engine/errors.ts'
import { cgroupOf } from '../../engine/libcontainer/cgroups/open.ts'
import type { Config } from '../../engine/libcontainer/config/config.ts'
import type { Process } from '../../engine/libcontainer/config/process.ts'
import { createContainer } from '../../engine/libcontainer/create.ts'
import { defaultSeccomp } from '../../engine/libcontainer/default-seccomp.ts'
import { capabilitySets, defaultCapabilities, defaultMounts } from '../../engine/libcontainer/defaults.ts'
import { deleteContainer } from '../../engine/libcontainer/delete.ts'
import { execInContainer } from '../../engine/libcontainer/exec.ts'
import { initCommand } from '../../engine/libcontainer/init-command.ts'
import { Midwives } from '../../engine/libcontainer/midwives.ts'
import { startContainer } from '../../engine/libcontainer/run.ts'
import { loadState, type RuntimeState } from '../../engine/libcontainer/state.ts'
import { waitForEnd } from '../../engine/libcontainer/wait.ts'
import { receiveFds, socketpair } from '../../engine/syscalls/socket.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { makeRootfs } from '../suites/bundle.ts'
import { isGone } from '../suites/gone.ts'
import { read } from '../suites/inventory.ts'

const init = initCommand(join(packageRoot(), 'dist'))

/** All that the kernel knows of a process and that does not differ from one to the next of the same kind. */
const portrait = `
grep -vE '^(Pid|Tgid|NSpid|NStgid|NSpgid|NSsid|PPid|Vm|Rss|voluntary|nonvoluntary|SigQ|Cpus_allowed:|Mems)' /proc/self/status
for f in cgroup limits oom_score_adj attr/current attr/exec timerslack_ns coredump_filter loginuid sessionid personality environ
do echo "== $f"; tr '\\0' '\\n' </proc/self/$f 2>&1; done
ls -l /proc/self/ns | sed 's/.* //'; ls /proc/self/fd; readlink /proc/self/cwd /proc/self/root; id; umask; uname -m
for fd in 0 1 2; do stat -L -c '%F %u %g %a' /proc/self/fd/$fd; done
set -- $(cat /proc/$$/stat); echo "ppid $4, nice \${19}, policy \${41}, leader $(( $6 == $$ )), group $(( $5 == $$ ))"
test -t 0 && { tty; stty size; test "$7" != 0 && echo 'its terminal is its own'; }
grep -o "_ses.$ID:" /proc/keys 2>/dev/null | sort -u
ionice 2>/dev/null; exit 7`

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('a midwife (needs root)', () => {
  let directory: string
  const reaper = new Reaper()
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'lc-midwife-'))
    await makeRootfs(join(directory, 'rootfs'))
  })
  afterAll(() => {
    reaper[Symbol.dispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  const root = (): string => join(directory, 'state')
  const base: Process = {
    args: ['sh', '-c', portrait],
    ...{ cwd: '/', env: ['PATH=/bin', 'A=b c', 'A='], user: { uid: 0, gid: 0 } },
    capabilities: capabilitySets(defaultCapabilities),
  }

  let count = 0
  async function start(linux: Partial<NonNullable<Config['linux']>> = {}): Promise<RuntimeState> {
    const id = `lc-midwife-${process.pid}-${count++}`
    const none = openSync('/dev/null', 'r+')
    const namespaces = (['mount', 'pid', 'uts', 'ipc', 'network', 'cgroup'] as const).map((type) => ({
      type,
    }))
    const config: Config = {
      ...{ ociVersion: '1.2.0', root: { path: 'rootfs' }, mounts: [...defaultMounts] },
      process: { ...base, args: ['sleep', '1000'] },
      linux: { namespaces, seccomp: defaultSeccomp(defaultCapabilities), ...linux },
    }
    const stdio = [none, none, none] as const
    await createContainer({ root: root(), id, bundle: directory, init, config, stdio })
    closeSync(none)
    const state = loadState(root(), id)
    await startContainer(root(), state)
    return state
  }

  function killFirst({ init: first }: RuntimeState): void {
    if (first) process.kill(first.pid, 'SIGKILL')
  }

  const end = (state: RuntimeState): Promise<void> => deleteContainer(root(), state, { force: true })

  interface Ran {
    output: string
    status: number
    byMidwife: boolean
  }

  async function run(state: RuntimeState, wanted: Process, midwives?: Midwives): Promise<Ran> {
    const path = join(directory, 'out')
    const [none, out] = [openSync('/dev/null', 'r'), openSync(path, 'w')]
    const [ours, theirs] = socketpair()
    let output = ''
    try {
      using _ = reaper.expect()
      const { birth, pid } = await execInContainer({
        ...{ state, process: wanted, init, stdio: [none, out, out] as const },
        ...(midwives ? { midwives } : {}),
        ...(wanted.terminal ? { console: theirs } : {}),
      })
      let shown: Promise<unknown> | undefined
      if (wanted.terminal) {
        const screen = new ReadStream(receiveFds(ours)[0] ?? -1)
        // EIO when everybody who could write has gone, and all that they wrote was read: then it closes.
        screen
          .on('error', () => {})
          .on('data', (chunk) => {
            output += chunk
          })
        shown = new Promise((resolve) => screen.once('close', resolve))
      }
      const byMidwife = birth.steppingStone
      const status = await (byMidwife
        ? birth.child.ended().then(() => reaper.wait(pid))
        : waitForEnd(birth, pid))
      await shown
      return { status, byMidwife, output: wanted.terminal ? output : readFileSync(path, 'utf8') }
    } finally {
      for (const fd of [none, out, ours, theirs]) closeSync(fd)
    }
  }

  const variants: Record<string, Partial<Process>> = {
    'root, with Docker’s capabilities': {},
    no_new_privs: { noNewPrivileges: true },
    'all capabilities': { capabilities: capabilitySets([...defaultCapabilities, 'CAP_SYS_ADMIN']) },
    'a user, with groups, mask, limits and scores': {
      user: { uid: 1000, gid: 1001, additionalGids: [7, 8], umask: 0o027 },
      ...{
        capabilities: capabilitySets([]),
        noNewPrivileges: true,
        oomScoreAdj: 321,
        cwd: '/tmp/made/for/it',
      },
      rlimits: [
        { type: 'RLIMIT_NOFILE', soft: 64, hard: 128 },
        { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
        { type: 'RLIMIT_FSIZE', soft: 1e6, hard: 1e6 },
      ],
      ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 6 },
    },
    'a terminal': { terminal: true, consoleSize: { height: 33, width: 77 } },
    'a terminal of a user': {
      terminal: true,
      user: { uid: 1000, gid: 1000 },
      capabilities: capabilitySets([]),
    },
  }

  test('what she brings to the world is as one that started cold', async () => {
    using midwives = new Midwives(init)
    for (const linux of [{}, { personality: { domain: 'LINUX32' as const } }, { seccomp: null }]) {
      const state = await start(linux)
      for (const [name, changes] of Object.entries(variants)) {
        const wanted = { ...base, ...changes, env: [...(base.env ?? []), `ID=${state.id}`] }
        midwives.fill()
        const cold = await run(state, wanted)
        const warm = await run(state, wanted, midwives)
        expect([cold.byMidwife, warm.byMidwife], name).toEqual([false, true])
        expect(cold.status, cold.output).toBe(7)
        expect(cold.output, name).toMatch(/Seccomp:/)
        expect(warm, name).toEqual({ ...cold, byMidwife: true })
      }
      await end(state)
    }
  })

  test('she says the same of what cannot be run', async () => {
    using midwives = new Midwives(init)
    const state = await start()
    const wrong: Partial<Process>[] = [
      { args: ['nowhere'] },
      { args: ['/nowhere'] },
      { args: ['/etc/passwd'] },
      { args: ['/etc'] },
      { args: [''] },
      { args: ['true'], env: ['PATH=/nowhere'] },
      { args: ['true'], cwd: '/etc/passwd/x' },
      { args: ['true', 'x'.repeat(140_000)] },
      { args: ['true'], rlimits: [{ type: 'RLIMIT_NOFILE', soft: 2, hard: 1 }] },
    ]
    const saying = async (wanted: Process, by?: Midwives): Promise<unknown> =>
      run(state, wanted, by).then(
        ({ status }) => status,
        // Of two names for one call, the last words.
        (error: unknown) => ({
          ...(error as object),
          line: errorLine(error).replace('posix_spawn', 'execve'),
        }),
      )
    for (const changes of wrong) {
      midwives.fill()
      const wanted = { ...base, ...changes }
      const cold = await saying(wanted)
      expect(await saying(wanted, midwives), JSON.stringify(changes).slice(0, 80)).toEqual(cold)
    }
    await expect.poll(() => cgroupOf(state).pids(true)).toEqual([state.init?.pid])
    await end(state)
  })

  test('while she waits nobody in the container sees her, and her numbers are not missed', async () => {
    using midwives = new Midwives(init)
    const state = await start()
    const numbers: number[] = []
    for (let round = 0; round < 3; round++) {
      midwives.fill()
      await sleep(100)
      expect(cgroupOf(state).pids(true)).toEqual([state.init?.pid])
      const { output } = await run(
        state,
        { ...base, args: ['sh', '-c', 'echo $$; echo /proc/[0-9]*; true'] },
        midwives,
      )
      const [own, ...all] = output.trim().split(/\s/)
      expect(all).toHaveLength(2)
      numbers.push(Number(own))
    }
    expect(numbers.map((number) => number - (numbers[0] ?? 0))).toEqual([0, 1, 2])
    await end(state)
  })

  test('one that was killed is passed over, and the next takes her place', async () => {
    using midwives = new Midwives(init)
    const state = await start()
    midwives.fill()
    // A moment after it was spawned, its command line is still empty.
    const pid = await vi.waitUntil(() => children('tocker-init')[0], 20_000)
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false)
    const wanted = { ...base, args: ['true'] }
    expect(await run(state, wanted, midwives)).toMatchObject({ status: 0, byMidwife: false })
    midwives.fill()
    expect(await run(state, wanted, midwives)).toMatchObject({ status: 0, byMidwife: true })
    await end(state)
  })

  test('a container that ends meanwhile is an error, or ends the program; nothing stays', async () => {
    using midwives = new Midwives(init)
    for (let round = 0; round < 12; round++) {
      const state = await start()
      midwives.fill()
      await sleep(60)
      const running = run(state, { ...base, args: ['sleep', '1000'] }, midwives)
      const settled = running.then(
        ({ status }) => expect(status).toBe(137),
        (error: unknown) => expect(errorLine(error)).toMatch(/ended|killed|memory|cgroup|no such|ENOENT/i),
      )
      await sleep(round)
      killFirst(state)
      await settled
      await end(state)
      for (const path of Object.values(state.cgroupPaths)) expect(existsSync(path), path).toBe(false)
    }
    await expect.poll(() => children('tocker-init')).toEqual([])
  })

  test('she ends with the one she waits for', async () => {
    const script = `
      import { Midwives } from ${JSON.stringify(join(packageRoot(), 'engine/libcontainer/midwives.ts'))}
      new Midwives(${JSON.stringify(init)}).fill()
      setInterval(() => {}, 1000)
      console.log('filled')`
    const owner = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => owner.stdout.once('data', resolve))
    const [pid] = childrenOf(owner.pid ?? 0)
    expect(pid).toBeDefined()
    owner.kill('SIGKILL')
    await expect.poll(() => isGone(pid ?? 0)).toBe(true)
  })
})

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number)
}

/** Of ours, those that live and run it. */
function children(program: string): number[] {
  return childrenOf(process.pid).filter((pid) => read(`/proc/${pid}/cmdline`).includes(program))
}

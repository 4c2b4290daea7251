// The runtime as a user without any right on this machine, with what `spec --rootless`
// writes: no cgroup of its own, then with one that root gave away. Needs root, to
// become that user.
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { leftovers } from '../leftovers.mjs'
import { openConsole } from '../suites/console.ts'
import { must, mustEach } from '../suites/must.ts'
import { Rootless, user } from '../suites/rootless.ts'
import { processes, traces } from '../suites/traces.ts'

let rootless: Rootless
let before: string[]
const v2 = existsSync('/sys/fs/cgroup/cgroup.controllers')
const delegated = 'lc-delegated'
/** The first of a PID namespace waits for those that joined it, whose parent, PID 1 of the machine, takes its time. */
const patience = { timeout: 60_000 }
/** Where limits of memory and of processes are: one tree on v2, two on v1. */
const hierarchies = v2 ? ['/sys/fs/cgroup'] : ['/sys/fs/cgroup/memory', '/sys/fs/cgroup/pids']

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('rootless (needs root)', () => {
  beforeAll(async () => {
    before = leftovers()
    rootless = await Rootless.open()
  })
  afterEach(async () => {
    await rootless.runtime.clean()
    await rootless.around({})
    for (const root of hierarchies) await removed(join(root, delegated))
  })
  afterAll(() => rootless.runtime.close())

  must('create, start, exec, state, list, ps, kill and delete, as the user', async () => {
    const container = await rootless.container()
    expect(await container.create()).toMatchObject({ status: 0 })
    expect(await container.status()).toBe('created')
    expect(await container.start()).toMatchObject({ status: 0 })
    const { pid } = await container.state()
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(new RegExp(`^Uid:\t${user}\t`, 'm'))
    expect(readFileSync(`/proc/${pid}/uid_map`, 'utf8').trim()).toMatch(new RegExp(`^0 +${user} +1$`))

    const inside = await container.exec(
      'id -u; for kind in user pid; do readlink /proc/self/ns/$kind; done; exit 3',
    )
    const first = await container.exec('for kind in user pid; do readlink /proc/1/ns/$kind; done')
    expect(inside).toMatchObject({ status: 3, stderr: '' })
    expect(inside.stdout).toMatch(/^0\nuser:/)
    expect(inside.stdout).toContain(first.stdout)
    expect(await container.exec(['sleep', '1000'], ['--detach'])).toMatchObject({ status: 0 })
    const list = JSON.parse((await rootless.runtime.call(['list', '--format', 'json'])).stdout)
    expect(list).toMatchObject([{ id: container.id, status: 'running', owner: 'nobody' }])
    const ps = await rootless.runtime.call(['ps', '--format', 'json', container.id])
    expect(JSON.parse(ps.stdout)).toHaveLength(2)
    expect(JSON.parse(ps.stdout)).toContain(pid)

    expect(await container.kill('KILL')).toMatchObject({ status: 0 })
    await expect.poll(() => container.status(), patience).toBe('stopped')
    expect(await container.delete()).toMatchObject({ status: 0 })
    await expect.poll(() => traces(rootless.runtime, container)).toEqual([])
  })

  must('run has the output and the status of the program', async () => {
    const { status, stdout } = await rootless.run('id -u; id -g; hostname; ls /sys/fs/cgroup; exit 42')
    expect({ status, stdout }).toEqual({ status: 42, stdout: '0\n0\ntocker\n' })
  })

  must('without --root the states are below XDG_RUNTIME_DIR', async () => {
    const container = await rootless.container()
    const call = (...args: string[]) => execa(rootless.runtime.program, args, { stdio: 'ignore' })
    await call('create', '--bundle', container.bundle, container.id)
    expect(readdirSync(join(rootless.own, 'tocker-runtime'))).toContain(container.id)
    await call('delete', '--force', container.id)
    expect(readdirSync(join(rootless.own, 'tocker-runtime'))).toEqual([])
  })

  must('kill --all and delete --force reach every process, without a cgroup', async () => {
    const container = await rootless.container({
      process: { args: ['sh', '-c', 'sleep 1000 & exec sleep 1000'] },
    })
    const { pid } = await container.launch()
    await container.exec(['sleep', '1000'], ['--detach'])
    expect(await container.kill('KILL', '--all')).toMatchObject({ status: 0 })
    await expect.poll(() => container.status(), patience).toBe('stopped')
    expect(existsSync(`/proc/${pid}/exe`)).toBe(false)
    expect(await container.delete('--force')).toMatchObject({ status: 0 })
  })

  must(
    'without a cgroup, one that joins the PID namespace of another is ended, and not the other',
    async () => {
      const first = await rootless.container()
      const { pid } = await first.launch()
      const { linux } = await first.config()
      const { namespaces, ...rest } = linux as { namespaces: { type: string }[] }
      const joined = namespaces.map(({ type }) =>
        type === 'pid' || type === 'user' ? { type, path: `/proc/${pid}/ns/${type}` } : { type },
      )
      const { uidMappings: _, gidMappings: __, ...others } = rest as Record<string, unknown>
      const second = await rootless.container()
      await second.write({ ...(await second.config()), linux: { ...others, namespaces: joined } })
      await second.launch()
      expect(await second.kill('KILL', '--all')).toMatchObject({ status: 0 })
      await expect.poll(() => second.status(), patience).toBe('stopped')
      expect(await first.status()).toBe('running')
    },
  )

  must('a container that shares the PID namespace is ended by its first process', async () => {
    const { linux } = await (await rootless.container()).config()
    const namespaces = (linux as { namespaces: { type: string }[] }).namespaces
    const container = await rootless.container({
      linux: { namespaces: namespaces.filter(({ type }) => type !== 'pid') },
      // /proc of a PID namespace that is not its own can only be bound.
      mounts: [{ destination: '/proc', type: 'bind', source: '/proc', options: ['rbind'] }],
    })
    await container.launch()
    expect(await container.kill('KILL')).toMatchObject({ status: 0 })
    await expect.poll(() => container.status(), patience).toBe('stopped')
  })

  mustEach(
    'what needs a cgroup is refused in one line where there is none: %s',
    [
      ['a limit', { memory: { limit: 64 << 20 } }, [], /memory\.limit: there is no cgroup to limit/],
      ['pause', {}, ['pause'], /freeze the container: .*without/],
      ['update', {}, ['update', '--pids-limit', '5'], /pids\.limit: there is no cgroup to limit/],
      ['events', {}, ['events', '--stats'], /there is no cgroup to count in/],
    ] as const,
    async (_name, resources, verb, message) => {
      const container = await rootless.container({ linux: { resources } })
      const created = await container.create()
      const answer = verb.length === 0 ? created : await rootless.runtime.call([...verb, container.id])
      expect(answer.status).not.toBe(0)
      expect(answer.stderr).toMatch(message)
      expect(answer.stderr.split('\n').filter((line) => line.includes('level=error'))).toHaveLength(1)
    },
  )

  must('with a cgroup that root gave away, limits hold', async () => {
    await delegate()
    const container = await rootless.container({
      linux: { cgroupsPath: `/${delegated}/box`, resources: { pids: { limit: 20 } } },
    })
    const { pid } = await container.launch()
    for (const root of hierarchies)
      expect(readFileSync(join(root, delegated, 'box/cgroup.procs'), 'utf8')).toBe(`${pid}\n`)
    expect(readFileSync(join(hierarchies.at(-1) ?? '', delegated, 'box/pids.max'), 'utf8')).toBe('20\n')
    const forks = await container.exec('for i in $(seq 30); do sleep 5 & done; wait')
    expect(forks.stderr).toMatch(/can't fork|Resource temporarily unavailable/)
    const update = ['update', '--pids-limit', '30', container.id]
    expect(await rootless.runtime.call(update)).toMatchObject({ status: 0 })
    expect(readFileSync(join(hierarchies.at(-1) ?? '', delegated, 'box/pids.max'), 'utf8')).toBe('30\n')
    expect(await container.delete('--force')).toMatchObject({ status: 0 })
    for (const root of hierarchies) expect(existsSync(join(root, delegated, 'box'))).toBe(false)

    const hungry = await rootless.run('exec tail /dev/zero', {
      linux: { cgroupsPath: `/${delegated}/box`, resources: { memory: { limit: 32 << 20, swap: 32 << 20 } } },
    })
    expect(hungry.status).toBe(137)
  })

  must('newuidmap maps what /etc/subuid lists', async () => {
    if (!existsSync('/usr/bin/newuidmap')) return
    await rootless.around({ subordinate: '200000:1000' })
    const mapping = [
      { containerID: 0, hostID: user, size: 1 },
      { containerID: 1, hostID: 200_000, size: 1000 },
    ]
    const container = await rootless.container({
      linux: { uidMappings: mapping, gidMappings: mapping },
      process: { user: { uid: 7, gid: 8, additionalGids: [9] } },
    })
    const { pid } = await container.launch()
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Uid:\t200006\t/m)
    const { stdout, stderr } = await container.exec('id -u; id -g; id -G')
    expect({ stdout, stderr }).toEqual({ stdout: '7\n8\n8 9\n', stderr: '' })
  })

  must('ids of others are refused where /etc/subuid lists none', async () => {
    const mapping = [{ containerID: 0, hostID: 100_000, size: 1000 }]
    const container = await rootless.container({ linux: { uidMappings: mapping, gidMappings: mapping } })
    const { status, stderr } = await container.create()
    expect(status).not.toBe(0)
    expect(stderr).toMatch(/uidMappings: write uid_map: .*newuidmap/)
    await expect.poll(() => traces(rootless.runtime, container)).toEqual([])
  })

  must('as root of a user namespace, with devices that are bound, and no other user namespace', async () => {
    const { linux, mounts } = await (await rootless.container()).config()
    const namespaces = (linux as { namespaces: { type: string }[] }).namespaces
    await rootless.around({ inside: true })
    const bound = { destination: '/dev/null', type: 'bind', source: '/dev/null', options: ['bind'] }
    const { status, stdout, stderr } = await rootless.run('echo $$; echo x > /dev/null && echo written', {
      linux: {
        namespaces: namespaces.filter(({ type }) => type !== 'user'),
        uidMappings: undefined,
        gidMappings: undefined,
      },
      mounts: [...(mounts as object[]), bound],
    })
    expect(stderr.replace(/^.*level=warning.*\n/gm, '')).toBe('')
    expect({ status, stdout }).toEqual({ status: 0, stdout: '1\nwritten\n' })
  })

  must('a terminal works', async () => {
    const container = await rootless.container({
      process: { terminal: true, args: ['sh', '-c', 'tty; read line; echo "got $line"; sleep 1000'] },
    })
    const socket = join(container.bundle, 'socket')
    const console = await openConsole(socket)
    try {
      await execa('chown', [String(user), socket])
      await container.launch(['--console-socket', socket])
      await expect.poll(() => console.output()).toMatch(/\/dev\/(pts\/0|console)/)
      console.type('hello\n')
      await expect.poll(() => console.output()).toMatch(/got hello/)
    } finally {
      await console.close()
    }
  })

  must('nothing is left behind: no process, mount, cgroup or interface', async () => {
    const ours = rootless.runtime.directory
    const now = () => leftovers().filter((one) => !before.includes(one) && !one.includes(ours))
    await expect.poll(now).toEqual([])
    expect(processes(ours)).toEqual([])
  })

  /** "Delegation" in cgroup-v2.rst: the directory and three files; and its user is in there already. */
  async function delegate(): Promise<void> {
    for (const root of hierarchies) {
      const place = join(root, delegated)
      for (const path of [place, join(place, 'shell')]) {
        mkdirSync(path)
        for (const name of ['', 'cgroup.procs', ...(v2 ? ['cgroup.subtree_control', 'cgroup.threads'] : [])])
          chownSync(join(path, name), user, user)
      }
      if (v2) {
        writeFileSync(join(root, 'cgroup.subtree_control'), '+memory +pids')
        writeFileSync(join(place, 'cgroup.subtree_control'), '+memory +pids')
      }
    }
    await rootless.around({ cgroups: hierarchies.map((root) => join(root, delegated, 'shell')) })
  }

  async function removed(path: string): Promise<void> {
    if (!existsSync(path)) return
    // Whoever the runtime left there is a failure of the test that looked, and not the next one's.
    for (const name of ['box', 'shell', ''])
      if (existsSync(join(path, name))) await expect.poll(() => attempt(join(path, name))).toBe(true)
  }

  function attempt(path: string): boolean {
    try {
      rmdirSync(path)
      return true
    } catch {
      return false
    }
  }
})

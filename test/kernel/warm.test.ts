// Inits that were spawned ahead: a container from one is like any other, and the
// pool leaves nothing behind. Needs root.
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openCgroup } from '../../engine/libcontainer/cgroups/open.ts'
import type { Config } from '../../engine/libcontainer/config/config.ts'
import type { Namespace } from '../../engine/libcontainer/config/linux.ts'
import { type Created, createContainer } from '../../engine/libcontainer/create.ts'
import { deleteContainer } from '../../engine/libcontainer/delete.ts'
import { IdleInit } from '../../engine/libcontainer/idle-init.ts'
import { initCommand } from '../../engine/libcontainer/init-command.ts'
import { startContainer } from '../../engine/libcontainer/run.ts'
import { waitForEnd } from '../../engine/libcontainer/wait.ts'
import { InitPool } from '../../engine/libcontainer/warm.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { makeRootfs } from '../suites/bundle.ts'

const init = initCommand(join(packageRoot(), 'dist'))

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('warm init (needs root)', () => {
  let directory: string
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'lc-warm-'))
    await makeRootfs(join(directory, 'rootfs'))
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  function config(script: string): Config {
    return {
      ociVersion: '1.2.0',
      root: { path: 'rootfs' },
      process: { args: ['sh', '-c', script], env: ['PATH=/bin'], cwd: '/', user: { uid: 0, gid: 0 } },
      mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
      linux: { namespaces: (['mount', 'pid', 'uts', 'ipc', 'network'] as const).map((type) => ({ type })) },
    }
  }

  /** Directories of all cgroups that were made ahead. */
  const reserved: string[] = []
  function reservation() {
    const id = `lc-${randomBytes(6).toString('hex')}`
    const cgroup = openCgroup(undefined, id, { systemd: false, rootless: false })
    reserved.push(...Object.values(cgroup.paths))
    return { id, cgroup }
  }

  async function create(
    id: string,
    script: string,
    pool: InitPool,
    namespaces?: Namespace[],
  ): Promise<Created & { output: string }> {
    const output = join(directory, `${id}.out`)
    const out = openSync(output, 'w')
    const none = openSync('/dev/null', 'r')
    try {
      const asked = config(script)
      const created = await createContainer({
        ...{ root: join(directory, 'state'), id, bundle: directory, init },
        config: namespaces ? { ...asked, linux: { ...asked.linux, namespaces } } : asked,
        ...{ warm: pool, stdio: [none, out, out] as const },
      })
      return { ...created, output }
    } finally {
      closeSync(out)
      closeSync(none)
    }
  }

  test('a container from it has its own namespaces, and the descriptors that were passed', async () => {
    using pool = new InitPool(init)
    const { state, birth, output } = await create('a', 'echo $$; readlink /proc/self/ns/net; exit 7', pool)
    const ended = waitForEnd(birth, state.init?.pid ?? 0)
    await startContainer(join(directory, 'state'), state)
    expect(await ended).toBe(7)
    const [pid, network] = readFileSync(output, 'utf8').split('\n')
    expect(pid).toBe('1')
    expect(network).not.toBe(readlinkSync('/proc/self/ns/net'))
    await deleteContainer(join(directory, 'state'), state)
  })

  test('namespaces that it was not born for are served by a cold one, and a dead one is passed over', async () => {
    using pool = new InitPool(init)
    expect(pool.take([{ type: 'mount' }])).toBeUndefined()
    expect(pool.take([{ type: 'pid' }, { type: 'user' }])).toBeUndefined()
    expect(pool.take([{ type: 'pid', path: '/proc/1/ns/pid' }])).toBeUndefined()
    const taken = pool.take([{ type: 'pid' }])
    taken?.birth.child.kill()
    await taken?.birth.child.ended()
    expect(pool.take([{ type: 'pid' }])).toBeUndefined()
  })

  test('whoever lets the pool go takes its inits along', async () => {
    const pool = new InitPool(init, { size: 2 })
    const inits = [pool.take([{ type: 'pid' }]), pool.take([{ type: 'pid' }])]
    pool.fill()
    pool[Symbol.dispose]()
    for (const one of inits) one?.birth.child.kill()
    const children = (): string => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    await expect.poll(children).not.toMatch(new RegExp(inits.map((one) => one?.birth.child.pid).join('|')))
  })

  test('one that was started ahead serves one container, and ends where it serves none', async () => {
    const idle = new IdleInit(init)
    const taken = idle.take([{ type: 'pid' }])
    expect(idle.take([{ type: 'pid' }])).toBeUndefined()
    idle[Symbol.dispose]()
    expect(taken?.birth.child.alive).toBe(true)
    taken?.pass([])
    // Our end of its socket closes: as when we die.
    if (typeof taken?.channel === 'number') closeSync(taken.channel)
    expect(await taken?.birth.child.ended()).toBe(1)

    const unused = new IdleInit(init)
    unused[Symbol.dispose]()
    expect(await unused.birth.child.ended()).toBe(137)
  })

  /** Whether an init is in the cgroup that was reserved. */
  const waits = (): boolean =>
    reserved.some(
      (path) => existsSync(path) && readFileSync(join(path, 'cgroup.procs'), 'utf8').trim() !== '',
    )

  test('one that is taken before it is ready makes its container all the same', async () => {
    using pool = new InitPool(init, { reserve: reservation })
    expect(pool.reservedId()).toBeUndefined()
    const { state, birth } = await create('early', 'exit 6', pool)
    const ended = waitForEnd(birth, state.init?.pid ?? 0)
    await startContainer(join(directory, 'state'), state)
    expect(await ended).toBe(6)
    await deleteContainer(join(directory, 'state'), state)
    expect(reserved.filter((one) => existsSync(one))).toEqual([])
  })

  test('the rehearsal leaves init where it was, and nothing behind', async () => {
    using pool = new InitPool(init, { reserve: reservation })
    // Nobody asks for the id: it would be kept for them.
    await expect.poll(waits).toBe(true)
    const taken = pool.take([{ type: 'pid' }])
    using _ = taken?.reservation
    const pid = taken?.birth.child.pid
    for (const kind of ['mnt', 'uts', 'ipc', 'net', 'user', 'cgroup'])
      expect(readlinkSync(`/proc/${pid}/ns/${kind}`), kind).toBe(readlinkSync(`/proc/self/ns/${kind}`))
    // The mount namespace is ours, in which others may mount and unmount meanwhile.
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain('/dev/rootfs')
    for (const name of ['cwd', 'root']) expect(readlinkSync(`/proc/${pid}/${name}`)).toBe('/')
    const of = (process: string | number): string[] =>
      readFileSync(`/proc/${process}/status`, 'utf8')
        .split('\n')
        .filter((line) => /^(Umask|Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp)/.test(line))
    expect(of(pid ?? 0)).toEqual(of('self'))
    // What its own start took of the program's file, it has given back.
    const kib = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
    expect(kib('VmRSS')).toBeLessThan(kib('VmHWM') * 0.7)
  })

  test('with the id that it reserved, the container finds its init in its cgroup', async () => {
    using pool = new InitPool(init, { reserve: reservation })
    let id: string | undefined
    await expect.poll(() => (id ??= pool.reservedId())).toBeDefined()
    if (id === undefined) return
    // Told once: the next container must not get the same.
    expect(pool.reservedId()).toBeUndefined()
    const { state, birth, output } = await create(id, 'cat /proc/self/cgroup; exit 5', pool)
    const ended = waitForEnd(birth, state.init?.pid ?? 0)
    await startContainer(join(directory, 'state'), state)
    expect(await ended).toBe(5)
    const lines = readFileSync(output, 'utf8').trim().split('\n')
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) expect(line).toMatch(new RegExp(`/${id}$`))
    await deleteContainer(join(directory, 'state'), state)
    expect(reserved.filter((one) => existsSync(one))).toEqual([])
  })

  test('what fails before it has its descriptors is told all the same, and nothing stays', async () => {
    using pool = new InitPool(init, { reserve: reservation })
    let id: string | undefined
    await expect.poll(() => (id ??= pool.reservedId())).toBeDefined()
    if (id === undefined) return
    const namespaces: Namespace[] = [
      { type: 'pid' },
      { type: 'mount' },
      { type: 'network', path: '/nowhere' },
    ]
    await expect(create(id, 'true', pool, namespaces)).rejects.toThrow(
      'open the network namespace /nowhere: ENOENT',
    )
    expect(reserved.filter((one) => existsSync(one))).toEqual([])
    expect(existsSync(join(directory, 'state', id))).toBe(false)
  })

  test('of two that want one name, the second leaves the first as it is', async () => {
    using pool = new InitPool(init, { reserve: reservation })
    const first = await create('twice', 'sleep 60', pool)
    pool.fill()
    await expect(create('twice', 'true', pool)).rejects.toThrow('container with given ID already exists')
    await startContainer(join(directory, 'state'), first.state)
    await deleteContainer(join(directory, 'state'), first.state, { force: true })
    await expect.poll(() => reserved.filter((one) => existsSync(one))).toEqual([])
  })

  test('with another id, its init moves, and the cgroup that was reserved goes', async () => {
    using pool = new InitPool(init, { reserve: reservation })
    // Nobody asks for the id: it would be kept for them.
    await expect.poll(waits).toBe(true)
    const { state, birth, output } = await create('another', 'cat /proc/self/cgroup', pool)
    expect(reserved.filter((one) => existsSync(one))).toEqual([])
    const ended = waitForEnd(birth, state.init?.pid ?? 0)
    await startContainer(join(directory, 'state'), state)
    expect(await ended).toBe(0)
    expect(readFileSync(output, 'utf8')).toMatch(/\/another$/m)
    await deleteContainer(join(directory, 'state'), state)
  })

  test('a pool that shrinks lets go of those that are too many, with their cgroups', async () => {
    using pool = new InitPool(init, { size: 2, reserve: reservation })
    const first = reserved.length
    /** Ids whose cgroup is there. */
    const there = (): number =>
      new Set(
        reserved
          .slice(first)
          .filter((one) => existsSync(one))
          .map((one) => basename(one)),
      ).size
    await expect.poll(there).toBe(2)
    // Of the two, the one that was promised is kept.
    await expect.poll(() => pool.reservedId()).toBeDefined()
    pool.size = 0
    expect(there()).toBe(1)
    pool.fill()
    expect(pool.take([{ type: 'pid' }])).toBeUndefined()
  })

  test('a cgroup that was reserved goes with the pool, and with its init', async () => {
    const there = (): string[] => reserved.filter((one) => existsSync(one))
    {
      using pool = new InitPool(init, { reserve: reservation })
      await expect.poll(() => pool.reservedId()).toBeDefined()
      expect(there().length).toBeGreaterThan(0)
    }
    expect(there()).toEqual([])
    using pool = new InitPool(init, { reserve: reservation })
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    const pid = Number(children.trim().split(' ').at(-1))
    process.kill(pid, 'SIGKILL')
    await expect.poll(there).toEqual([])
    expect(pool.reservedId()).toBeUndefined()
  })
})

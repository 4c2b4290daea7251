// runtime.md of the OCI runtime specification 1.2: states and operations, each MUST
// by what the kernel shows. Needs root.
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { type Container, Runtime } from '../suites/bundle.ts'
import { baseMounts } from '../suites/bundle-config.ts'
import { must, mustEach } from '../suites/must.ts'
import { cgroupRoots, traces } from '../suites/traces.ts'

let runtime: Runtime

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('runtime.md (needs root)', () => {
  beforeAll(async () => {
    runtime = await Runtime.open()
  })
  afterEach(() => runtime.clean())
  afterAll(() => runtime.close())

  /** A container whose program leaves a mark when it runs. */
  function marking(): Promise<Container> {
    return runtime.container({ process: { args: ['sh', '-c', 'echo ran > /mark; exec sleep 1000'] } })
  }
  const marked = (container: Container) => existsSync(join(container.bundle, 'rootfs/mark'))

  must('state has version, id, status, pid, bundle and annotations', async () => {
    const container = await runtime.container({ annotations: { 'org.example.key': 'value' } })
    const state = await container.launch()
    expect(state).toMatchObject({
      ociVersion: expect.stringMatching(/^\d+\.\d+\.\d+/),
      id: container.id,
      status: 'running',
      bundle: container.bundle,
      annotations: { 'org.example.key': 'value' },
    })
    expect(readFileSync(`/proc/${state.pid}/cmdline`, 'utf8')).toBe('sleep\x001000\0')
  })

  must('create makes the environment and does not run the program', async () => {
    const container = await marking()
    expect(await container.create()).toMatchObject({ status: 0 })
    const { status, pid } = await container.state()
    expect(status).toBe('created')
    expect(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')).toMatch(/ \/proc .* - proc /)
    expect(marked(container)).toBe(false)
    expect(await container.start()).toMatchObject({ status: 0 })
    await expect.poll(() => marked(container)).toBe(true)
    expect(await container.status()).toBe('running')
  })

  must('the process of a created container is the one that start runs', async () => {
    const container = await runtime.container()
    await container.create()
    const { pid } = await container.state()
    await container.start()
    expect((await container.state()).pid).toBe(pid)
  })

  must('changes of config.json after create have no effect', async () => {
    const container = await marking()
    await container.create()
    await writeFile(join(container.bundle, 'config.json'), '{}')
    expect(await container.start()).toMatchObject({ status: 0 })
    await expect.poll(() => marked(container)).toBe(true)
    expect(await container.delete('--force')).toMatchObject({ status: 0 })
  })

  must('a stopped container says so, and keeps its bundle and id', async () => {
    const container = await runtime.container({ process: { args: ['true'] } })
    await container.create()
    await container.start()
    await expect.poll(() => container.status()).toBe('stopped')
    expect(await container.state()).toMatchObject({ id: container.id, bundle: container.bundle })
  })

  must('an id serves one container, and the second create changes nothing', async () => {
    const container = await runtime.container()
    const { pid } = await container.launch()
    const { status, stderr } = await runtime.call(['create', '--bundle', container.bundle, container.id])
    expect(status).not.toBe(0)
    expect(stderr).toMatch(/exist/)
    expect(await container.state()).toMatchObject({ status: 'running', pid })
  })

  mustEach(
    'create refuses the id %s',
    [['../up'], ['a/b'], ['.'], ['..'], ['a b'], ['ü'], ['']] as const,
    async (id) => {
      const container = await runtime.container()
      const { status } = await runtime.call(['create', '--bundle', container.bundle, id])
      expect(status).not.toBe(0)
      expect(existsSync(join(runtime.root, id, 'state.json'))).toBe(false)
    },
  )

  mustEach(
    '%s needs the id of a container that exists',
    [['state'], ['start'], ['kill'], ['delete'], ['exec'], ['pause'], ['resume'], ['ps']] as const,
    async (operation) => {
      const rest = operation === 'exec' ? ['true'] : []
      const missing = await runtime.call([operation])
      expect(missing.status).not.toBe(0)
      expect(missing.stderr).not.toBe('')
      const unknown = await runtime.call([operation, 'lc-nobody', ...rest])
      expect(unknown.status).not.toBe(0)
      expect(unknown.stderr).toMatch(/does not exist/)
    },
  )

  must('create needs an id, and a bundle that has a config.json', async () => {
    const empty = join(runtime.directory, 'empty')
    await mkdir(empty)
    for (const args of [[], ['--bundle', empty, 'lc-x'], ['--bundle', '/nowhere', 'lc-x']]) {
      const { status, stderr } = await runtime.call(['create', ...args])
      expect(status).not.toBe(0)
      expect(stderr).not.toBe('')
    }
    expect(existsSync(join(runtime.root, 'lc-x'))).toBe(false)
    await rm(empty, { recursive: true })
  })

  must('start of a running or a stopped container is an error without effect', async () => {
    const container = await runtime.container()
    const { pid } = await container.launch()
    expect(await container.start()).not.toMatchObject({ status: 0 })
    expect(await container.state()).toMatchObject({ status: 'running', pid })
    await container.kill()
    await expect.poll(() => container.status()).toBe('stopped')
    expect(await container.start()).not.toMatchObject({ status: 0 })
    expect(await container.status()).toBe('stopped')
  })

  must('without a process there is nothing to start', async () => {
    const container = await runtime.container({ process: undefined })
    const created = await container.create()
    const started = created.status === 0 ? await container.start() : created
    expect(started.status).not.toBe(0)
  })

  mustEach(
    'kill sends the signal named %s',
    [['TERM'], ['SIGTERM'], ['15'], ['sigterm']] as const,
    async (signal) => {
      const script = 'trap "echo got it; exit 3" TERM; echo up; while :; do sleep 0.05; done'
      const container = await runtime.container({ process: { args: ['sh', '-c', script] } })
      await container.launch()
      await expect.poll(() => container.output()).toBe('up\n')
      expect(await container.kill(signal)).toMatchObject({ status: 0 })
      await expect.poll(() => container.output()).toBe('up\ngot it\n')
      await expect.poll(() => container.status()).toBe('stopped')
    },
  )

  must('kill without a signal sends TERM; an unknown signal is an error', async () => {
    const container = await runtime.container({
      process: { args: ['sh', '-c', 'trap "exit 0" TERM; echo up; while :; do sleep 0.05; done'] },
    })
    await container.launch()
    await expect.poll(() => container.output()).toBe('up\n')
    const unknown = await container.kill('NONSENSE')
    expect(unknown.status).not.toBe(0)
    expect(await container.status()).toBe('running')
    expect(await runtime.call(['kill', container.id])).toMatchObject({ status: 0 })
    await expect.poll(() => container.status()).toBe('stopped')
  })

  must('kill reaches a created container, and is refused for a stopped one', async () => {
    const container = await runtime.container()
    await container.create()
    expect(await container.kill()).toMatchObject({ status: 0 })
    await expect.poll(() => container.status()).toBe('stopped')
    const again = await container.kill('TERM')
    expect(again.status).not.toBe(0)
    expect(again.stderr).toMatch(/not running/)
  })

  must('kill --all reaches every process of the container', async () => {
    const container = await runtime.container({
      process: { args: ['sh', '-c', 'sleep 1000 & sleep 1000 & echo up; wait'] },
    })
    await container.launch()
    await expect.poll(() => container.output()).toBe('up\n')
    expect(await container.kill('KILL', '--all')).toMatchObject({ status: 0 })
    await expect.poll(() => container.status()).toBe('stopped')
  })

  must('delete of a container that is not stopped is an error without effect', async () => {
    const container = await runtime.container()
    const { pid } = await container.launch()
    const { status, stderr } = await container.delete()
    expect(status).not.toBe(0)
    expect(stderr).toMatch(/not stopped/)
    expect(await container.state()).toMatchObject({ status: 'running', pid })
  })

  must('delete undoes create, and the id may be used again', async () => {
    const container = await runtime.container()
    for (const _ of ['once', 'again']) {
      await container.launch()
      await container.kill()
      await expect.poll(() => container.status()).toBe('stopped')
      expect(await container.delete()).toMatchObject({ status: 0 })
      await expect.poll(() => traces(runtime, container)).toEqual([])
    }
  })

  must('delete --force ends a running container, and forgives one that does not exist', async () => {
    const container = await runtime.container()
    await container.launch()
    expect(await container.delete('--force')).toMatchObject({ status: 0 })
    await expect.poll(() => traces(runtime, container)).toEqual([])
    expect(await container.delete('--force')).toMatchObject({ status: 0 })
  })

  must('delete leaves alone what the container did not make', async () => {
    const container = await runtime.container({
      mounts: [...baseMounts, { destination: '/data', source: 'shared', type: 'bind', options: ['bind'] }],
    })
    const shared = join(container.bundle, 'shared')
    await mkdir(shared)
    await writeFile(join(shared, 'file'), 'x')
    await container.launch()
    await container.delete('--force')
    expect(readFileSync(join(shared, 'file'), 'utf8')).toBe('x')
    expect(existsSync(join(container.bundle, 'rootfs/bin/busybox'))).toBe(true)
  })

  must('pause stops every process, resume lets them go on', async () => {
    const container = await runtime.container({
      process: { args: ['sh', '-c', 'while :; do echo tick; sleep 0.02; done'] },
    })
    await container.launch()
    await expect.poll(async () => (await container.output()).length).toBeGreaterThan(20)
    expect(await runtime.call(['pause', container.id])).toMatchObject({ status: 0 })
    expect(await container.status()).toBe('paused')
    const before = (await container.output()).length
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect((await container.output()).length).toBe(before)
    expect(await runtime.call(['resume', container.id])).toMatchObject({ status: 0 })
    await expect.poll(async () => (await container.output()).length).toBeGreaterThan(before)
  })

  must('kill reaches one that was paused before its start', async () => {
    const container = await runtime.container()
    await container.create()
    expect(await runtime.call(['pause', container.id])).toMatchObject({ status: 0 })
    expect(await container.kill('KILL')).toMatchObject({ status: 0 })
    await expect.poll(() => container.status()).toBe('stopped')
  })

  must('delete removes the cgroups of every hierarchy', async () => {
    const container = await runtime.container()
    const { pid } = await container.launch()
    expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(`/${container.id}`)
    expect(cgroupRoots().some((root) => existsSync(join(root, container.id)))).toBe(true)
    await container.delete('--force')
    expect(cgroupRoots().some((root) => existsSync(join(root, container.id)))).toBe(false)
  })
})

// Hooks of the OCI runtime specification 1.2: config.md, "POSIX-platform Hooks", and
// their places in runtime.md, "Lifecycle". Needs root.
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { type Container, Runtime } from '../suites/bundle.ts'
import { must, mustEach } from '../suites/must.ts'
import { traces } from '../suites/traces.ts'

let runtime: Runtime

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('hooks (needs root)', () => {
  beforeAll(async () => {
    runtime = await Runtime.open()
  })
  afterEach(() => runtime.clean())
  afterAll(() => runtime.close())

  const onTheHost = ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop']

  /** One hook: a script beside the bundle (or in the root filesystem), which is given its name. */
  function hook(container: Container, kind: string, extra: object = {}) {
    const path = kind === 'startContainer' ? '/hook' : join(container.bundle, 'hook')
    return { path, args: ['hook', kind], env: [`KIND=${kind}`, 'PATH=/bin:/usr/bin'], ...extra }
  }
  async function scripts(container: Container, script: string): Promise<void> {
    for (const path of [join(container.bundle, 'hook'), join(container.bundle, 'rootfs/hook')]) {
      // The host's log is the bundle's; inside, the root filesystem's, which is the same place.
      const log = path.includes('rootfs') ? '/log' : join(container.bundle, 'rootfs/log')
      await writeFile(path, `#!/bin/sh\nlog=${log}\n${script}\n`)
      await chmod(path, 0o755)
    }
  }
  const log = (container: Container) => {
    const path = join(container.bundle, 'rootfs/log')
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  }
  const kinds = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop']

  must('hooks of all six kinds run in order, each at its time', async () => {
    const container = await runtime.container({
      process: { args: ['sh', '-c', 'echo program >> /log; exec sleep 1000'] },
    })
    await scripts(container, 'echo "$2-$1" >> $log')
    await container.configure({
      process: { args: ['sh', '-c', 'echo program >> /log; exec sleep 1000'] },
      hooks: Object.fromEntries(
        kinds.map((kind) => [
          kind,
          ['a', 'b'].map((word) => hook(container, kind, { args: ['hook', kind, word] })),
        ]),
      ),
    })
    const lines = (...names: string[]) => names.flatMap((name) => [`a-${name}`, `b-${name}`])
    await container.create()
    expect(log(container)).toEqual(lines('prestart', 'createRuntime', 'createContainer'))
    await container.start()
    await expect.poll(() => log(container)).toContain('program')
    expect(log(container).slice(6, 8)).toEqual(lines('startContainer'))
    // The program and poststart race, once the one has been executed.
    expect(log(container).slice(8).toSorted()).toEqual([...lines('poststart'), 'program'])
    await container.kill()
    await expect.poll(() => container.status()).toBe('stopped')
    await container.delete()
    expect(log(container).slice(11)).toEqual(lines('poststop'))
  })

  must('hooks get the state on stdin, and only their own arguments and environment', async () => {
    const container = await runtime.container()
    await scripts(container, 'echo "$0 $* | $(env | sort | tr "\\n" " ")| $(cat | tr -d "\\n\\t ")" >> $log')
    await container.configure({
      annotations: { 'org.example.key': 'value' },
      hooks: Object.fromEntries(kinds.map((kind) => [kind, [hook(container, kind)]])),
    })
    const { pid } = await container.launch()
    await container.delete('--force')
    for (const [index, kind] of kinds.entries()) {
      const line = log(container).find((one) => one.includes(`KIND=${kind} `)) ?? ''
      expect(line, kind).toMatch(new RegExp(`hook ${kind} \\|.* KIND=${kind} PATH=/bin:/usr/bin`))
      const state = JSON.parse(line.slice(line.indexOf('{')))
      expect(state).toMatchObject({
        id: container.id,
        bundle: container.bundle,
        annotations: { 'org.example.key': 'value' },
        status: ['creating', 'creating', 'creating', 'created', 'running', 'stopped'][index],
      })
      // Inside, a process may have a number of its own.
      if (['prestart', 'createRuntime', 'poststart'].includes(kind)) expect(state.pid).toBe(pid)
      expect(state.ociVersion).toMatch(/^\d+\.\d+/)
    }
  })

  must(
    'hooks run in the runtime namespaces, createContainer and startContainer in the container’s',
    async () => {
      const container = await runtime.container()
      await scripts(
        container,
        'echo "$1 $(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/uts)" >> $log',
      )
      await container.configure({
        hooks: Object.fromEntries(kinds.map((kind) => [kind, [hook(container, kind)]])),
      })
      const { pid } = await container.launch()
      const inside = ['mnt', 'uts'].map((name) => readlinkSync(`/proc/${pid}/ns/${name}`)).join(' ')
      const outside = ['mnt', 'uts'].map((name) => readlinkSync(`/proc/self/ns/${name}`)).join(' ')
      await container.delete('--force')
      for (const kind of kinds)
        expect(log(container)).toContain(
          `${kind} ${['createContainer', 'startContainer'].includes(kind) ? inside : outside}`,
        )
    },
  )

  must('hooks before pivot_root see the namespaces made, and change the network in them', async () => {
    const container = await runtime.container()
    await scripts(
      container,
      'pid=$(sed "s/.*\\"pid\\": *\\([0-9]*\\).*/\\1/")\nnsenter -n -t $pid ip link set lo mtu 1234',
    )
    await container.configure({
      process: { args: ['sh', '-c', 'cat /sys/class/net/lo/mtu; exec sleep 1000'] },
      hooks: {
        createRuntime: [hook(container, 'createRuntime', { env: ['PATH=/usr/sbin:/sbin:/usr/bin:/bin'] })],
      },
    })
    await container.launch()
    await expect.poll(() => container.output()).toBe('1234\n')
  })

  mustEach(
    'a failing %s hook is an error, and nothing remains',
    [['prestart'], ['createRuntime'], ['createContainer']] as const,
    async (kind) => {
      const container = await runtime.container()
      await scripts(container, 'echo "because of me" >&2; exit 7')
      await container.configure({ hooks: { [kind]: [hook(container, kind)] } })
      const { status, stderr } = await container.create()
      expect(status).not.toBe(0)
      expect(stderr).toMatch(/hook/)
      expect(stderr).toMatch(/because of me/)
      expect(stderr).toMatch(/7/)
      await expect.poll(() => traces(runtime, container)).toEqual([])
    },
  )

  mustEach(
    'a failing %s hook makes start fail, and stops the container',
    [['startContainer'], ['poststart']] as const,
    async (kind) => {
      const container = await runtime.container()
      await scripts(container, 'exit 7')
      await container.configure({ hooks: { [kind]: [hook(container, kind)] } })
      expect(await container.create()).toMatchObject({ status: 0 })
      const { status } = await container.start()
      // What fails in startContainer fails in the container, after start has let it go: its stderr says so.
      if (kind === 'poststart') expect(status).not.toBe(0)
      await expect.poll(() => container.status()).toBe('stopped')
      expect(await container.output('err')).not.toMatch(/ at .*:\d+:\d+/)
    },
  )

  must('a failing poststop hook is a warning, and those after it run', async () => {
    const container = await runtime.container()
    await scripts(container, 'echo "$2" >> $log; [ "$2" = good ] || exit 7')
    await container.configure({
      hooks: {
        poststop: ['bad', 'good'].map((word) =>
          hook(container, 'poststop', { args: ['h', 'poststop', word] }),
        ),
      },
    })
    await container.launch()
    const { status, stderr } = await container.delete('--force')
    expect(status).toBe(0)
    expect(stderr).toMatch(/warn/i)
    expect(log(container)).toEqual(['bad', 'good'])
    await expect.poll(() => traces(runtime, container)).toEqual([])
  })

  must('a hook that takes longer than its timeout is ended, and has failed', async () => {
    const container = await runtime.container()
    await scripts(container, 'exec sleep 30')
    await container.configure({
      hooks: { createRuntime: [hook(container, 'createRuntime', { timeout: 1 })] },
    })
    const begin = performance.now()
    const { status, stderr } = await container.create()
    expect(status).not.toBe(0)
    expect(stderr).toMatch(/hook/)
    expect(performance.now() - begin).toBeLessThan(25_000)
    await expect.poll(() => traces(runtime, container)).toEqual([])
  })

  mustEach(
    'a %s hook whose path is not absolute is refused',
    onTheHost.map((kind): [string] => [kind]),
    async (kind) => {
      const container = await runtime.container({ hooks: { [kind]: [{ path: 'hook' }] } })
      expect((await container.create()).status).not.toBe(0)
    },
  )

  must('a hook’s timeout must be greater than zero', async () => {
    const container = await runtime.container({ hooks: { poststart: [{ path: '/bin/true', timeout: 0 }] } })
    expect((await container.create()).status).not.toBe(0)
  })
})

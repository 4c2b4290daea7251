// config.md of the OCI runtime specification 1.2: root, host name, annotations, and how
// a runtime meets what it does not know. "Process" has a file of its own, mounts and
// hooks too. Needs root.
import { existsSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { Runtime } from '../suites/bundle.ts'
import { baseConfig, baseMounts, type Json, merge } from '../suites/bundle-config.ts'
import { must, mustEach } from '../suites/must.ts'
import { traces } from '../suites/traces.ts'

let runtime: Runtime

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('config.md (needs root)', () => {
  beforeAll(async () => {
    runtime = await Runtime.open()
  })
  afterEach(() => runtime.clean())
  afterAll(() => runtime.close())

  mustEach(
    'root.path may be %s',
    [
      ['relative', () => 'rootfs'],
      ['absolute', (bundle: string) => join(bundle, 'rootfs')],
      ['with dots', () => './x/../rootfs/.'],
    ] as const,
    async (_name, path) => {
      const container = await runtime.container()
      await container.configure({
        root: { path: path(container.bundle) },
        process: { args: ['ls', '/'] },
      })
      const { status, stdout } = await runtime.call(['run', '--bundle', container.bundle, container.id])
      expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringMatching(/^bin$/m) })
    },
  )

  must('root.path must be a directory that exists', async () => {
    for (const path of ['nowhere', 'config.json']) {
      const container = await runtime.container({ root: { path } })
      const { status, stderr } = await container.create()
      expect(status).not.toBe(0)
      expect(stderr).not.toBe('')
      await expect.poll(() => traces(runtime, container)).toEqual([])
    }
  })

  must('root.readonly makes the root read-only, and not what is mounted in it', async () => {
    const script = 'touch /x; touch /dev/shm/x && echo written'
    const { stdout, stderr } = await runtime.run(script, { root: { readonly: true } })
    expect(stdout).toBe('written\n')
    expect(stderr).toMatch(/Read-only file system/)
    expect((await runtime.run('touch /x && echo written')).stdout).toBe('written\n')
  })

  must('the root is the bundle’s, and the host is out of reach', async () => {
    const secret = join(runtime.directory, 'secret')
    await writeFile(secret, 'x')
    const { stdout } = await runtime.run(
      `cat ${secret} /proc/1/root${secret} /../../../..${secret} 2>/dev/null; cd /proc/self/cwd/../../..; pwd`,
    )
    expect(stdout).toBe('/\n')
    await rm(secret)
  })

  must('hostname and domainname are the container’s, and not the host’s', async () => {
    const { stdout } = await runtime.run('hostname; cat /proc/sys/kernel/domainname', {
      hostname: 'red',
      domainname: 'example.test',
    })
    expect(stdout).toBe('red\nexample.test\n')
    expect(hostname()).not.toBe('red')
  })

  must('a host name without a UTS namespace of its own is refused', async () => {
    const namespaces = ['pid', 'mount', 'ipc'].map((type) => ({ type }))
    const { status } = await runtime.run('true', { hostname: 'red', linux: { namespaces } })
    expect(status).not.toBe(0)
    expect(hostname()).not.toBe('red')
  })

  must('ociVersion must be a version that this runtime knows', async () => {
    for (const ociVersion of ['1.0.0', '1.0.2-dev', '1.1.0', '1.2.0'])
      expect((await runtime.run('true', { ociVersion })).status).toBe(0)
    for (const ociVersion of ['', 'one', '1.2', '2.0.0', undefined])
      expect((await runtime.run('true', { ociVersion })).status, String(ociVersion)).not.toBe(0)
  })

  must('unknown properties and unknown annotations are ignored', async () => {
    const { status, stdout } = await runtime.run('echo ran', {
      unknown: { deep: [1] },
      process: { unknownToo: true },
      linux: { unknown: 1, resources: { unknown: { limit: 1 } } },
      annotations: { 'org.opencontainers.unknown': 'x', 'org.example.empty': '' },
    })
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'ran\n' })
  })

  mustEach(
    'invalid values are refused: %s',
    [
      ['annotations that are a list', { annotations: ['x'] }],
      ['an annotation that is a number', { annotations: { 'org.example': 1 } }],
      ['an annotation without a key', { annotations: { '': 'x' } }],
      ['args that is a string', { process: { args: 'true' } }],
      ['a uid that is text', { process: { user: { uid: 'root', gid: 0 } } }],
      ['a negative uid', { process: { user: { uid: -1, gid: 0 } } }],
      [
        'a namespace of an unknown type',
        { linux: { namespaces: [{ type: 'nonsense' }, { type: 'mount' }] } },
      ],
      ['root that is text', { root: 'rootfs' }],
      ['mounts that is an object', { mounts: { a: 1 } }],
      ['an unknown rootfsPropagation', { linux: { rootfsPropagation: 'nonsense' } }],
      ['a masked path that is relative', { linux: { maskedPaths: ['proc/kcore'] } }],
      ['a read-only path that is relative', { linux: { readonlyPaths: ['proc/sys'] } }],
      ['no root at all', { root: undefined }],
    ] as const,
    async (_name, overrides) => {
      const container = await runtime.container({ ...overrides })
      const { status, stderr } = await container.create()
      expect(status).not.toBe(0)
      expect(stderr).not.toBe('')
      expect(stderr).not.toMatch(/ at .*:\d+:\d+/)
      await expect.poll(() => traces(runtime, container)).toEqual([])
    },
  )

  mustEach(
    'a config.json that is %s is refused',
    [
      ['empty', ''],
      ['not JSON', '{"ociVersion": '],
      ['a list', '[]'],
      ['null', 'null'],
    ] as const,
    async (_name, text) => {
      const container = await runtime.container()
      await writeFile(join(container.bundle, 'config.json'), text)
      expect((await container.create()).status).not.toBe(0)
      await expect.poll(() => traces(runtime, container)).toEqual([])
    },
  )

  must('default file systems: proc, sysfs, devpts and tmpfs are what the configuration says', async () => {
    const { stdout } = await runtime.run("awk '{print $3, $2}' /proc/mounts")
    for (const line of [
      'proc /proc',
      'sysfs /sys',
      'devpts /dev/pts',
      'tmpfs /dev/shm',
      'mqueue /dev/mqueue',
    ])
      expect(stdout.split('\n')).toContain(line)
  })

  /** One after the other, as a manager would who tries again. */
  mustEach(
    'a create that fails leaves nothing behind: %s',
    [
      ['at a mount', { mounts: [...baseMounts, { destination: '/x', type: 'nonsense', source: 'x' }] }],
      ['at a bind mount', { mounts: [...baseMounts, bind('/nowhere')] }],
      ['at the program', { process: { args: ['/nope'] } }],
      ['at a sysctl', { linux: { sysctl: { 'net.nonsense.value': '1' } } }],
      [
        'at a namespace',
        { linux: { namespaces: [{ type: 'mount' }, { type: 'network', path: '/nowhere' }] } },
      ],
      ['at the cgroup', { linux: { resources: { cpu: { quota: 1 } } } }],
      ['at a device', { linux: { devices: [{ path: '/bin/sh', type: 'c', major: 1, minor: 3 }] } }],
    ] as const,
    async (_name, overrides) => {
      const before = readFileSync('/proc/self/mountinfo', 'utf8')
      const container = await runtime.container()
      await writeFile(
        join(container.bundle, 'config.json'),
        JSON.stringify(merge(baseConfig(container.id), overrides as Json)),
      )
      const { status, stderr } = await container.create()
      expect(status).not.toBe(0)
      expect(stderr).not.toMatch(/ at .*:\d+:\d+/)
      await expect.poll(() => traces(runtime, container)).toEqual([])
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(before)
      expect(existsSync(join(container.bundle, 'rootfs/bin/sh'))).toBe(true)
    },
  )
})

function bind(source: string): Json {
  return { destination: '/x', type: 'bind', source, options: ['bind'] }
}

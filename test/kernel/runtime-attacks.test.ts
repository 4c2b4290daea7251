// What runtimes fell for: directories and programs of the host's that a container gets hold
// of through its own init. Always asked of our runtime. Needs root.
import { accessSync, closeSync, constants, existsSync, openSync, readdirSync, statSync } from 'node:fs'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Container, Runtime } from '../suites/bundle.ts'

let runtime: Runtime

/** A runtime whose careless parent has left "/" open as number 250, behind a gap. */
async function createCarelessly({ bundle, id }: Container): Promise<number | undefined> {
  const words = ['--root', runtime.root, 'create', '--bundle', bundle, id]
  const script = 'exec 250</; exec "$0" "$@"'
  return (await execa('bash', ['-c', script, runtime.program, ...words], { reject: false, stdio: 'ignore' }))
    .exitCode
}

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'the host behind init (needs root)',
  () => {
    beforeAll(async () => {
      runtime = await Runtime.open()
    })
    afterEach(() => runtime.clean())
    afterAll(() => runtime.close())

    // CVE-2024-21626.
    test('a descriptor that the runtime inherited and was not to keep is no working directory', async () => {
      const container = await runtime.container({ process: { cwd: '/proc/self/fd/250' } })
      expect(await createCarelessly(container)).not.toBe(0)
    })

    test('nor has init such a one', async () => {
      const container = await runtime.container()
      expect(await createCarelessly(container)).toBe(0)
      const { pid } = await container.state()
      expect(readdirSync(`/proc/${pid}/fd`)).not.toContain('250')
    })

    test('a working directory below /proc that is not there is an error, and not tried for ever', async () => {
      const container = await runtime.container({ process: { cwd: '/proc/self/fd/251' } })
      expect((await container.create()).stderr).toMatch(
        /\$\.process\.cwd: enter \/proc\/self\/fd\/251: ENOENT/,
      )
    })

    test('and none of those that init has itself is a directory', async () => {
      const container = await runtime.container()
      expect((await container.create()).status).toBe(0)
      const { pid } = await container.state()
      const open = readdirSync(`/proc/${pid}/fd`).map((fd) => `/proc/${pid}/fd/${fd}`)
      expect(open.length).toBeGreaterThan(3)
      expect(open.filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory())).toEqual([])
    })

    test('a working directory that was kept on purpose must be below the root too', async () => {
      const container = await runtime.container({ process: { cwd: '/proc/self/fd/3' } })
      const root = openSync('/', constants.O_RDONLY | constants.O_DIRECTORY)
      const result = await container.create(['--preserve-fds', '1'], { descriptors: [root] })
      closeSync(root)
      expect(result.status).not.toBe(0)
      expect(result.stderr).toContain('it is not below the root of the container')
    })

    // CVE-2019-5736.
    test('init is executed by way of a mount that nobody can write through', async () => {
      const container = await runtime.container()
      expect((await container.create()).status).toBe(0)
      const { pid } = await container.state()
      const exe = `/proc/${pid}/exe`
      expect(existsSync(exe)).toBe(true)
      expect(() => accessSync(exe, constants.W_OK)).toThrow(/EROFS/)
      expect((await container.start()).status).toBe(0)
    })
  },
)

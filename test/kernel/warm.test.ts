// Inits that were spawned ahead: a container from one is like any other, and the
// pool leaves nothing behind. Needs root.
import { closeSync, mkdtempSync, openSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Config } from '../../engine/libcontainer/config/config.ts'
import { type Created, createContainer } from '../../engine/libcontainer/create.ts'
import { deleteContainer } from '../../engine/libcontainer/delete.ts'
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

  async function create(id: string, script: string, pool: InitPool): Promise<Created & { output: string }> {
    const output = join(directory, `${id}.out`)
    const out = openSync(output, 'w')
    const none = openSync('/dev/null', 'r')
    try {
      const created = await createContainer({
        ...{ root: join(directory, 'state'), id, bundle: directory, config: config(script), init },
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
    const ended = new Promise((resolve) => taken?.birth.child.once('exit', resolve))
    taken?.birth.child.kill('SIGKILL')
    await ended
    expect(pool.take([{ type: 'pid' }])).toBeUndefined()
  })

  test('whoever lets the pool go takes its inits along', async () => {
    const pool = new InitPool(init, 2)
    const inits = [pool.take([{ type: 'pid' }]), pool.take([{ type: 'pid' }])]
    pool.fill()
    pool[Symbol.dispose]()
    for (const one of inits) one?.birth.child.kill('SIGKILL')
    const children = (): string => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    await expect
      .poll(children, { timeout: 10_000 })
      .not.toMatch(new RegExp(inits.map((one) => one?.birth.child.pid).join('|')))
  })
})

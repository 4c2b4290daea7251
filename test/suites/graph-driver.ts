// What every graph driver must do: the suite that each of them passes, whatever it is made
// of. engine/drivers/graph/driver.ts says it in words.
//
// graph-driver-content.ts and graph-driver-faults.ts belong to it.
import {
  chmodSync,
  chownSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GraphDriver } from '../../engine/drivers/graph/driver.ts'
import { contentTests } from './graph-driver-content.ts'
import { faultTests } from './graph-driver-faults.ts'
import { ownerTests } from './graph-driver-owners.ts'
import { buildBase, crowdRounds, type DriverUnderTest, GraphStage } from './graph-stage.ts'

/** What the tests of one driver share: each makes its own layers on `base`, and takes them away. */
export interface GraphBox {
  readonly under: DriverUnderTest
  readonly stage: GraphStage
  readonly driver: GraphDriver
  /** Runs `work` with a container's layer on `parent`, in use. */
  withContainer<T>(id: string, parent: string, work: (rootfs: string) => T | Promise<T>): Promise<T>
  /** A layer of an archive on `parent`. */
  layer(id: string, parent: string | undefined, build: (directory: string) => void): Promise<void>
  remove(...ids: string[]): Promise<void>
  /** Another object on the same root, as after a restart. */
  reopen(): Promise<void>
}

const onLinux = process.platform === 'linux' && process.getuid?.() === 0

export function graphDriverSuite(under: DriverUnderTest): void {
  describe.runIf(onLinux)(`graph driver ${under.name} (needs root on Linux)`, () => {
    let stage: GraphStage
    let driver: GraphDriver
    const box: GraphBox = {
      under,
      get stage() {
        return stage
      },
      get driver() {
        return driver
      },
      layer: (id, parent, build) => stage.layer(driver, id, parent, build),
      async withContainer(id, parent, work) {
        await driver.createReadWrite(id, parent)
        try {
          const rootfs = await driver.get(id)
          try {
            return await work(rootfs)
          } finally {
            await driver.put(id)
          }
        } finally {
          await driver.remove(id)
        }
      },
      async remove(...ids) {
        for (const id of ids) await driver.remove(id)
      },
      async reopen() {
        await driver.close()
        driver = await stage.open()
        await driver.cleanup()
      },
    }

    beforeAll(async () => {
      stage = new GraphStage(under)
      driver = await stage.open()
      await driver.cleanup()
      await box.layer('base', undefined, buildBase)
    })
    afterAll(async () => {
      await driver?.close()
      stage?.close()
    })

    lifeTests(box)
    contentTests(box)
    faultTests(box)
    ownerTests(under)

    test('in the end nothing is left: no mount, device, process, file', async () => {
      await box.reopen()
      expect(await driver.list()).toEqual(['base'])
      await driver.remove('base')
      await driver.close()
      expect(stage.remains()).toEqual([])
    })
  })
}

const rejection = (kind: string, message: RegExp): object =>
  expect.objectContaining({ kind, message: expect.stringMatching(message) })

function lifeTests(box: GraphBox): void {
  test('a stack of layers is one tree', async () => {
    await box.layer('s1', 'base', (directory) => writeFileSync(join(directory, 'added'), 'by s1'))
    await box.withContainer('s2', 's1', (rootfs) => {
      expect(readdirSync(rootfs).sort()).toEqual(['added', 'data', 'etc'])
      expect(readFileSync(join(rootfs, 'etc/hosts'), 'utf8')).toBe('hosts\n')
      writeFileSync(join(rootfs, 'etc/hosts'), 'mine')
      expect(readFileSync(join(rootfs, 'etc/hosts'), 'utf8')).toBe('mine')
    })
    await box.remove('s1')
  })

  test('the top directory is the parent’s, whatever its owner and mode', async () => {
    await box.driver.createReadWrite('top', 'base')
    const rootfs = await box.driver.get('top')
    chownSync(rootfs, 7, 8)
    chmodSync(rootfs, 0o1711)
    await box.driver.put('top')
    await box.withContainer('below', 'top', (tree) => {
      const { mode, uid, gid } = statSync(tree)
      expect([mode & 0o7777, uid, gid]).toEqual([0o1711, 7, 8])
    })
    await box.remove('top')
  })

  test('a container’s layer without a parent is an empty tree', async () => {
    await box.driver.createReadWrite('alone')
    const rootfs = await box.driver.get('alone')
    expect(readdirSync(rootfs)).toEqual([])
    writeFileSync(join(rootfs, 'file'), 'x')
    await box.driver.put('alone')
    expect(await box.driver.changes('alone')).toEqual([{ kind: 'A', path: '/file' }])
    await box.remove('alone')
  })

  test('get and put are counted, and put without get is refused', async () => {
    await box.driver.createReadWrite('counted', 'base')
    const first = await box.driver.get('counted')
    const [second, third] = await Promise.all([box.driver.get('counted'), box.driver.get('counted')])
    expect([second, third]).toEqual([first, first])
    await box.driver.put('counted')
    await box.driver.put('counted')
    expect(readdirSync(first)).toContain('etc')
    await expect(box.driver.remove('counted')).rejects.toEqual(rejection('conflict', /in use/))
    await box.driver.put('counted')
    await expect(box.driver.put('counted')).rejects.toEqual(rejection('conflict', /not in use/))
    await box.remove('counted')
  })

  test('a parent that is not there, an id that is taken: refused, and nothing is changed', async () => {
    await expect(box.driver.create('orphan', 'nobody')).rejects.toEqual(rejection('not-found', /nobody/))
    expect(await box.driver.exists('orphan')).toBe(false)
    await expect(box.driver.create('base')).rejects.toEqual(rejection('conflict', /base/))
    await expect(box.driver.createReadWrite('base', 'base')).rejects.toEqual(rejection('conflict', /base/))
    await expect(box.driver.get('nobody')).rejects.toEqual(rejection('not-found', /nobody/))
    expect(await box.driver.list()).toEqual(['base'])
    await box.withContainer('c', 'base', (rootfs) => expect(readdirSync(rootfs)).toEqual(['data', 'etc']))
  })

  test('a parent is not removed before its child; what is not there is', async () => {
    await box.driver.create('child', 'base')
    await expect(box.driver.remove('base')).rejects.toEqual(rejection('conflict', /parent of child/))
    await box.remove('child', 'child', 'never-was')
    expect(await box.driver.list()).toEqual(['base'])
  })

  test('layers that go and come at once are not in each other’s way', async () => {
    await Promise.all(
      Array.from({ length: 24 }, async (_, caller) => {
        for (let round = 0; round < crowdRounds; round++) {
          await box.driver.createReadWrite(`crowd-${caller}`, 'base')
          await box.driver.remove(`crowd-${caller}`)
        }
      }),
    )
    expect(await box.driver.list()).toEqual(['base'])
  })

  test('hostile ids are refused by every verb', async () => {
    for (const id of ['', '.', '..', '../base', 'a/b', '/etc', 'a\0b', 'a b', 'ä', 'x'.repeat(129)]) {
      const refused = rejection('invalid', /is no id/)
      await expect(box.driver.create(id)).rejects.toEqual(refused)
      await expect(box.driver.create('fine', id)).rejects.toEqual(refused)
      await expect(box.driver.createReadWrite(id, 'base')).rejects.toEqual(refused)
      for (const verb of ['get', 'put', 'remove', 'exists', 'diff', 'changes', 'metadata'] as const)
        await expect((async () => box.driver[verb](id))(), `${verb} ${id}`).rejects.toEqual(expect.any(Error))
    }
    expect(await box.driver.list()).toEqual(['base'])
  })

  test('two containers on one image see it, and not each other', async () => {
    await box.withContainer('first', 'base', (one) =>
      box.withContainer('second', 'base', (two) => {
        writeFileSync(join(one, 'etc/hosts'), 'one')
        rmSync(join(two, 'etc/hosts'))
        writeFileSync(join(two, 'new'), '')
        expect(readFileSync(join(one, 'etc/hosts'), 'utf8')).toBe('one')
        expect(readdirSync(one)).not.toContain('new')
        expect(readdirSync(join(two, 'etc'))).toEqual(['passwd'])
      }),
    )
    const rootfs = await box.driver.get('base')
    expect(readFileSync(join(rootfs, 'etc/hosts'), 'utf8')).toBe('hosts\n')
    await box.driver.put('base')
    expect(await box.driver.changes('base')).toContainEqual({ kind: 'A', path: '/etc/hosts' })
  })

  test('a layer of an archive is read-only to who gets it, where the driver can', async () => {
    await box.layer('ro', 'base', (directory) => writeFileSync(join(directory, 'x'), ''))
    for (const id of ['base', 'ro']) {
      const rootfs = await box.driver.get(id)
      const write = (): void => writeFileSync(join(rootfs, 'y'), '')
      if (box.under.protects) expect(write, id).toThrow(/EROFS/)
      await box.driver.put(id)
    }
    await box.remove('ro')
  })

  test('an archive goes into a layer that nobody has used yet, and nowhere else', async () => {
    const tar = (): Readable => Readable.from([Buffer.alloc(1024)])
    await box.driver.createReadWrite('rw', 'base')
    await expect(box.driver.applyDiff('rw', tar())).rejects.toEqual(rejection('conflict', /container/))
    await expect(box.driver.applyDiff('base', tar())).rejects.toEqual(rejection('conflict', /in use/))
    await expect(box.driver.applyDiff('none', tar())).rejects.toEqual(rejection('not-found', /none/))
    await box.remove('rw')
  })

  test('a container’s layer that becomes a parent is written no more', async () => {
    await box.driver.createReadWrite('init', 'base')
    const rootfs = await box.driver.get('init')
    writeFileSync(join(rootfs, 'init-was-here'), '')
    await expect(box.driver.createReadWrite('above', 'init')).rejects.toEqual(
      rejection('conflict', /written/),
    )
    await box.driver.put('init')
    await box.withContainer('above', 'init', (tree) => expect(readdirSync(tree)).toContain('init-was-here'))
    await box.remove('init')
  })

  test('another object finds what the first one made', async () => {
    await box.driver.createReadWrite('kept', 'base')
    writeFileSync(join(await box.driver.get('kept'), 'note'), 'still here')
    await box.driver.put('kept')
    await box.reopen()
    expect(await box.driver.list()).toEqual(['base', 'kept'])
    expect(readFileSync(join(await box.driver.get('kept'), 'note'), 'utf8')).toBe('still here')
    await box.driver.put('kept')
    expect(await box.driver.changes('kept')).toEqual([{ kind: 'A', path: '/note' }])
    await expect(box.driver.remove('base')).rejects.toEqual(rejection('conflict', /parent of kept/))
    await box.remove('kept')
  })

  test('metadata and status name what there is', async () => {
    await box.driver.createReadWrite('meta', 'base')
    const metadata = await box.driver.metadata('meta')
    expect(Object.keys(metadata).join()).toMatch(
      /^(UpperDir,LowerDir,WorkDir,MergedDir|MergedDir|DeviceId,.*)$/,
    )
    for (const path of Object.entries(metadata).filter(([key]) => /^(UpperDir|WorkDir|LowerDir)$/.test(key)))
      expect(lstatSync(path[1]).isDirectory() || lstatSync(path[1]).isSymbolicLink(), path[1]).toBe(true)
    expect(await box.driver.status()).toContainEqual(['Backing Filesystem', expect.any(String)])
    await box.remove('meta')
  })

  test('diff can be given up in the middle', async () => {
    await box.layer('big', 'base', (directory) =>
      writeFileSync(join(directory, 'big'), Buffer.alloc(20e6, 7)),
    )
    const archive = await box.driver.diff('big')
    await new Promise((resolve) => archive.once('readable', resolve))
    archive.destroy()
    // Its end comes through a queue or two.
    await expect.poll(() => box.driver.remove('big').then(String, String)).toBe('undefined')
    expect((await buffer(await box.driver.diff('base'))).length).toBeGreaterThan(1024)
  })
}

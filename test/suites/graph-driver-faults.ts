// Of the suite of graph drivers: what goes wrong. Broken archives, full disks, and processes
// that are killed at any moment.
import { readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { pack } from '../../engine/archive/pack.ts'
import { EngineError, errorLine } from '../../engine/errors.ts'
import type { GraphBox } from './graph-driver.ts'
import { buildBase, crowdRounds, GraphStage } from './graph-stage.ts'

/** How often a process is killed at a moment that nobody chose. */
const kills = 8

export function faultTests(box: GraphBox): void {
  crowdTests(box)

  test('a broken archive leaves a layer that is only good for remove', async () => {
    const whole = await box.stage.archive((directory) => {
      writeFileSync(join(directory, 'first'), 'fine')
      writeFileSync(join(directory, 'second'), Buffer.alloc(100_000, 'x'))
    })
    const broken: Record<string, Buffer | Error> = {
      'cut off': whole.subarray(0, 60_000),
      garbage: Buffer.concat([whole.subarray(0, 1024), Buffer.alloc(2048, 'no tar')]),
      'a stream that fails': new Error('the connection broke'),
    }
    for (const [what, tar] of Object.entries(broken)) {
      await box.driver.create('broken', 'base')
      const stream = tar instanceof Error ? failing(whole.subarray(0, 60_000), tar) : Readable.from([tar])
      await expect(box.driver.applyDiff('broken', stream), what).rejects.toThrow(/^[^\n]+$/)
      expect(stream.destroyed).toBe(true)
      expect(await box.driver.list()).toEqual(['base', 'broken'])
      await box.remove('broken')
    }
    await box.driver.create('small', 'base')
    await expect(
      box.driver.applyDiff('small', Readable.from([whole]), { bytes: 1000, entries: 100 }),
    ).rejects.toEqual(expect.objectContaining({ kind: 'invalid' }))
    await box.remove('small')
  })

  test('killed in the middle of applyDiff: cleanup and remove leave nothing', async () => {
    const whole = await box.stage.archive((directory) => {
      writeFileSync(join(directory, 'first'), 'fine')
      writeFileSync(join(directory, 'second'), Buffer.alloc(5_000_000, 'x'))
    })
    await box.driver.close()
    const child = box.stage.child('apply')
    await firstWord(child)
    child.stdin?.on('error', () => {}).write(whole.subarray(0, 3_000_000))
    await expect.poll(() => namesBelow(join(box.stage.home, 'k-apply'))).toContain('second')
    await killed(child)
    await cleanUp(box)
  })

  test('killed while it has trees in use: cleanup and remove leave nothing', async () => {
    await box.driver.close()
    const child = box.stage.child('get')
    await firstWord(child)
    await killed(child)
    await cleanUp(box)
  })

  test(`killed at ${kills} moments of its work: cleanup and remove leave nothing`, async () => {
    await box.driver.close()
    for (let round = 0; round < kills; round++) {
      const child = box.stage.child('work')
      await firstWord(child)
      await new Promise((resolve) => setTimeout(resolve, 20 + round * 37))
      await killed(child)
      await cleanUp(box)
    }
  })

  test('a full disk is one clear line, and room is found again', async () => {
    const small = new GraphStage(box.under, 64)
    try {
      const driver = await small.open()
      await small.layer(driver, 'base', undefined, buildBase)
      await driver.create('large', 'base')
      const line = await driver
        .applyDiff('large', hugeArchive(small))
        .then(String, (error) => `${error.kind}: ${errorLine(error)}`)
      expect(line).toMatch(
        /^unavailable: [^\n]*(no space left|is full)[^\n]*: remove images or containers[^\n]*$/,
      )
      await driver.remove('large')
      const next = () =>
        small.layer(driver, 'next', 'base', (directory) => writeFileSync(join(directory, 'x'), 'fits'))
      // btrfs takes a deleted subvolume apart in its own time.
      await expect.poll(() => next().then(String, errorLine)).toBe('undefined')
      for (const id of ['next', 'base']) await driver.remove(id)
      await driver.close()
      expect(small.remains()).toEqual([])
    } finally {
      small.close()
    }
  })
}

/** What several callers at once do to one driver: whoever comes too late hears so. */
function crowdTests(box: GraphBox): void {
  test('a child is made while its parent is removed: one of the two is too late', async () => {
    const { driver } = box
    for (let round = 0; round < Math.min(12, crowdRounds); round++) {
      await driver.create('parent', 'base')
      const child = () => driver.createReadWrite('child', 'parent').then(() => 'made', kindOf)
      const removal = () => driver.remove('parent').then(() => 'removed', kindOf)
      const outcome = await Promise.all(round % 2 === 0 ? [child(), removal()] : [removal(), child()])
      const isMade = outcome.includes('made')
      expect(outcome.sort()).toEqual(isMade ? ['conflict', 'made'] : ['not-found', 'removed'])
      if (isMade) expect(readdirSync(await driver.get('child'))).toEqual(['data', 'etc'])
      if (isMade) await driver.put('child')
      await box.remove('child', 'parent')
      expect(await driver.list()).toEqual(['base'])
    }
  })

  test('many are made, looked at and removed at once: nobody hears more than that one is gone or in use', async () => {
    const { driver } = box
    const ids = Array.from({ length: 20 }, (_, index) => `crowd-${index}`)
    const chance = (below: number): number => Math.floor(Math.random() * below)
    const verbs: ((index: number, id: string) => Promise<unknown>)[] = [
      (index, id) => driver.createReadWrite(id, ids[chance(index + 5) - 5] ?? 'base'),
      (index, id) => driver.createReadWrite(id, ids[chance(index + 5) - 5] ?? 'base'),
      (_, id) => driver.remove(id),
      (_, id) => driver.remove(id),
      (_, id) => driver.changes(id),
      (_, id) => driver.diffSize(id),
      (_, id) => driver.metadata(id),
      async (_, id) => buffer(await driver.diff(id)),
      async (_, id) => {
        await driver.get(id)
        await driver.put(id)
      },
      () => driver.list(),
      () => driver.status(),
    ]
    const heard = new Set<string>()
    const caller = async (): Promise<void> => {
      for (let round = 0; round < Math.min(25, crowdRounds); round++) {
        const index = chance(ids.length)
        const verb = verbs[chance(verbs.length)]
        await verb?.(index, ids[index] ?? '').catch((error) => heard.add(kindOf(error)))
      }
    }
    await Promise.all(Array.from({ length: 8 }, caller))
    expect([...heard].filter((one) => !['conflict', 'not-found'].includes(one))).toEqual([])
    // A parent has a lower number than its children.
    await box.remove(...ids.toReversed())
    expect(await driver.list()).toEqual(['base'])
  })
}

function kindOf(error: unknown): string {
  return error instanceof EngineError ? error.kind : errorLine(error)
}

/** 100 MB of zeros, which no disk of 64 takes. */
function hugeArchive(stage: GraphStage): Readable {
  const directory = stage.scratch()
  writeFileSync(join(directory, 'large'), '')
  truncateSync(join(directory, 'large'), 100e6)
  return pack(directory)
}

function failing(bytes: Buffer, error: Error): Readable {
  return Readable.from(
    (async function* () {
      yield bytes
      throw error
    })(),
  )
}

function namesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true }).map((path) => String(path).split('/').at(-1) ?? '')
}

type Child = ReturnType<GraphStage['child']>

function firstWord(child: Child): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('exit', (status) => reject(new Error(`the child ended with ${status} before it was ready`)))
  })
}

async function killed(child: Child): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

/** As whoever opens the driver next does it. */
async function cleanUp({ stage }: GraphBox): Promise<void> {
  const driver = await stage.open()
  await driver.cleanup()
  // Containers first: a parent stays as long as it has a child.
  for (const id of (await driver.list()).reverse()) if (id !== 'base') await driver.remove(id)
  expect(await driver.list()).toEqual(['base'])
  const rootfs = await driver.get('base')
  expect(readdirSync(rootfs)).toEqual(['data', 'etc'])
  await driver.put('base')
  await driver.close()
  expect(stage.remains().filter((one) => !/^base(\/|$)/.test(one))).toEqual(
    stage.under.linked ? [expect.stringMatching(/^l\/[A-Z2-7]{26}$/)] : [],
  )
}

// What does copy-on-write cost, and what does it save? Every graph driver with an image of
// 500 MB, most of it one file, on a file system of its own in a file: so what a layer takes
// is what the file system says it has less.
//
//   sudo node_modules/.bin/node test/bench/graph-drivers.ts
//   sudo node_modules/.bin/node test/bench/graph-drivers.ts 'vfs on btrfs' …
//
// devicemapper runs in the VM: test/bench/graph-drivers-vm.ts.
//
// The runs take turns, so that a busy machine is busy for all of them; what counts is how
// they compare.
import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack } from '../../engine/archive/pack.ts'
import { openGraphDriver } from '../../engine/drivers/graph/choice.ts'
import type { GraphDriver } from '../../engine/drivers/graph/driver.ts'

const containers = 10
const rounds = 5
const megabytes = Number(process.env.GRAPH_BENCH_MEGABYTES ?? 500)

/** Rows: the driver, and the file system under it. */
const all = ['overlay2 on ext4', 'vfs on ext4', 'vfs on btrfs', 'btrfs on btrfs', 'fuse-overlayfs on ext4']
const named = process.argv.slice(2)
const rows = named.length === 0 ? all : named

interface Row {
  name: string
  driver: GraphDriver
  root: string
  times: Record<'copyUp' | 'life', number[]>
  tenContainers: number
  copyUpBytes: number
}

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'lc-bench-')))

function run(file: string, ...args: string[]): void {
  execFileSync(file, args, { stdio: 'ignore' })
}

async function setUp(name: string, number: number): Promise<Row> {
  const [driverName = '', , fileSystem = 'ext4'] = name.split(' ')
  const image = join(directory, `${number}.img`)
  const root = join(directory, `${number}`)
  mkdirSync(root)
  // Sparse: vfs alone fills so much.
  run('truncate', '-s', `${megabytes * 14 + 500}M`, image)
  run(`mkfs.${fileSystem}`, '-q', ...(fileSystem === 'ext4' ? ['-E', 'nodiscard'] : []), image)
  run('mount', '-o', 'loop', image, root)
  const options =
    driverName === 'devicemapper'
      ? [`dm.loopdatasize=${megabytes * 12}M`, 'dm.loopmetadatasize=64M', `dm.basesize=${megabytes * 3}M`]
      : []
  const { driver } = await openGraphDriver(root, driverName, options)
  await driver.create('image')
  await driver.applyDiff('image', pack(join(directory, 'image')))
  return { name, driver, root, times: { copyUp: [], life: [] }, tenContainers: 0, copyUpBytes: 0 }
}

/** Bytes in use, when all is written that is to be: by the trees' own file systems first, which with devicemapper are others. */
function used({ root }: Row, trees: readonly string[]): number {
  for (const tree of [...trees, root]) run('sync', '-f', tree)
  const { blocks, bfree, bsize } = statfsSync(root)
  return (blocks - bfree) * bsize
}

async function tenContainers(row: Row): Promise<void> {
  const before = used(row, [])
  const trees: string[] = []
  const ids = Array.from({ length: containers }, (_, number) => `c${number}`)
  for (const id of ids) {
    await row.driver.createReadWrite(id, 'image')
    const rootfs = await row.driver.get(id)
    writeFileSync(join(rootfs, 'small', 'mine'), id)
    trees.push(rootfs)
  }
  row.tenContainers = used(row, trees) - before
  for (const id of ids) {
    await row.driver.put(id)
    await row.driver.remove(id)
  }
}

async function copyUp(row: Row): Promise<void> {
  await row.driver.createReadWrite('copy-up', 'image')
  const rootfs = await row.driver.get('copy-up')
  const before = used(row, [rootfs])
  const start = performance.now()
  const fd = openSync(join(rootfs, 'large'), 'r+')
  writeSync(fd, 'x', 12_345)
  closeSync(fd)
  row.times.copyUp.push(performance.now() - start)
  row.copyUpBytes = used(row, [rootfs]) - before
  await row.driver.put('copy-up')
  await row.driver.remove('copy-up')
}

async function life(row: Row): Promise<void> {
  const start = performance.now()
  await row.driver.createReadWrite('life', 'image')
  await row.driver.get('life')
  await row.driver.put('life')
  await row.driver.remove('life')
  row.times.life.push(performance.now() - start)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function buildImage(at: string): void {
  mkdirSync(join(at, 'small'), { recursive: true })
  const megabyte = Buffer.alloc(1e6)
  const fd = openSync(join(at, 'large'), 'w')
  // Random, so that nothing can be compressed or left out.
  for (let number = 0; number < megabytes; number++) writeSync(fd, randomFillSync(megabyte))
  closeSync(fd)
  for (let number = 0; number < 1000; number++)
    writeFileSync(join(at, 'small', `${number}`), 'x'.repeat(1000))
}

async function measure(): Promise<void> {
  buildImage(join(directory, 'image'))
  const measured: Row[] = []
  try {
    for (const [number, name] of rows.entries()) measured.push(await setUp(name, number))
    for (const row of measured) await tenContainers(row)
    for (let round = 0; round < rounds; round++)
      for (const work of [copyUp, life]) for (const row of measured) await work(row)
    print(measured)
  } finally {
    for (const { driver, root } of measured) {
      await driver.close()
      run('umount', root)
    }
    rmSync(directory, { recursive: true })
  }
}

function print(measured: readonly Row[]): void {
  const standard = measured.find(({ name }) => name.startsWith('overlay2')) ?? measured[0]
  const time = (row: Row, kind: keyof Row['times']): string => {
    const value = median(row.times[kind])
    const ratio = standard === undefined ? 1 : value / median(standard.times[kind])
    return `${value.toFixed(value < 10 ? 1 : 0)} ms (${ratio.toPrecision(2)} x)`
  }
  const size = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 10e6 ? 2 : 0)} MB`
  console.log(`image of ${megabytes} MB; medians of ${rounds}, and ratios to ${standard?.name}\n`)
  console.log(
    '| driver | ten containers | one byte into the large file | of disk | create, get, put, remove |',
  )
  console.log('| --- | --- | --- | --- | --- |')
  for (const row of measured)
    console.log(
      `| ${row.name} | ${size(row.tenContainers)} | ${time(row, 'copyUp')} | ${size(row.copyUpBytes)} | ${time(row, 'life')} |`,
    )
}

await measure()

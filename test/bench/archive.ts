// Layers unpacked and packed, beside GNU tar, taking turns: a tree of 1 GB (10,000 files
// and three large ones), and one file of 2 GB. Prints the ratio, and our largest memory.
//
//   sudo node_modules/.bin/node test/bench/archive.ts [rounds] [directory]
//
// The directory is where it works, 8 GB of room needed. On a tmpfs (/dev/shm) the
// programs are compared, elsewhere rather the disk.
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { ArchiveProcess, type Measured } from '../suites/archive-process.ts'

const rounds = Number(process.argv[2] ?? 5)
const scratch = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'lc-archive-bench-'))
const mega = Buffer.alloc(2 ** 20, 'no two layers are alike, ')

function largeFile(path: string, megabytes: number): void {
  const fd = openSync(path, 'w')
  for (let done = 0; done < megabytes; done++) writeSync(fd, mega)
  closeSync(fd)
}

/** As an image is: many small files, a hundred directories of a hundred. */
function makeTree(root: string): void {
  const sizes = [0, 100, 1000, 4000, 12_000, 40_000]
  for (let index = 0; index < 10_000; index++) {
    const directory = join(root, `d${Math.floor(index / 100)}`, `s${Math.floor(index / 10) % 10}`)
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, `file-${index}`), mega.subarray(0, sizes[index % sizes.length]))
  }
  for (let index = 0; index < 3; index++) largeFile(join(root, `large-${index}`), 300)
}

async function tar(...args: string[]): Promise<number> {
  const start = performance.now()
  await execa('tar', args)
  return performance.now() - start
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function report(what: string, ours: readonly Measured[], theirs: readonly number[]): void {
  const [us, them] = [median(ours.map(({ milliseconds }) => milliseconds)), median(theirs)]
  const rss = Math.max(...ours.map((one) => one.rss))
  console.log(
    `${what.padEnd(24)} ours ${us.toFixed(0).padStart(6)} ms, tar ${them.toFixed(0).padStart(6)} ms: ${(us / them).toFixed(2)}; at most ${rss.toFixed(0)} MB (medians of ${rounds})`,
  )
}

try {
  const work = await ArchiveProcess.make(scratch)
  const at = (name: string): string => join(scratch, name)
  const empty = (name: string): string => {
    rmSync(at(name), { recursive: true, force: true })
    mkdirSync(at(name))
    return at(name)
  }
  makeTree(empty('tree'))
  largeFile(join(empty('file'), 'large'), 2048)
  for (const [what, source] of [
    ['1 GB of 10,003 files', at('tree')],
    ['one file of 2 GB', at('file')],
  ] as const) {
    const packs: { ours: Measured[]; theirs: number[] } = { ours: [], theirs: [] }
    const unpacks: { ours: Measured[]; theirs: number[] } = { ours: [], theirs: [] }
    for (let round = 0; round < rounds; round++) {
      packs.theirs.push(await tar('--sort=name', '-C', source, '-cf', at('a.tar'), '.'))
      packs.ours.push(await work.run('pack', source, at('a.tar')))
      const target = empty('out')
      unpacks.theirs.push(await tar('-C', target, '-xpf', at('a.tar')))
      unpacks.ours.push(await work.run('unpack', at('a.tar'), empty('out')))
      empty('out')
    }
    report(`pack ${what}`, packs.ours, packs.theirs)
    report(`unpack ${what}`, unpacks.ours, unpacks.theirs)
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

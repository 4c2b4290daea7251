// Where a graph driver is tried: a root directory for it, on the file system that it needs,
// archives to fill layers with, and a look for what it left behind.
import { execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Owners } from '../../engine/archive/owners.ts'
import { pack } from '../../engine/archive/pack.ts'
import { openGraphDriver } from '../../engine/drivers/graph/choice.ts'
import type { GraphDriver } from '../../engine/drivers/graph/driver.ts'

export interface DriverUnderTest {
  name: string
  /** How many layers there may be at least. */
  depth: number
  /** Whether it gives layers short names, in `l/`. */
  linked?: true
  /** Whether a layer of create() is read-only to who has it. */
  protects: boolean
  /** Storage options, for a disk of so many megabytes. */
  options?: (megabytes: number) => readonly string[]
  /** Puts a file system of so many megabytes at this directory, where the driver needs one of its own kind. */
  mount?: (at: string, megabytes: number) => void
}

/** A tmpfs is as small as one likes. */
function mountTmpfs(at: string, megabytes: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'lc-graph', at])
}

function mountBtrfs(at: string, megabytes: number): void {
  const image = `${at}.img`
  execFileSync('truncate', ['-s', `${megabytes}M`, image])
  // --mixed: it can be smaller than 100 MB.
  execFileSync('mkfs.btrfs', ['--quiet', ...(megabytes < 200 ? ['--mixed'] : []), image], { stdio: 'ignore' })
  execFileSync('mount', ['-o', 'loop', image, at])
}

export const driversUnderTest: readonly DriverUnderTest[] = [
  { name: 'overlay2', depth: 125, protects: true, linked: true },
  { name: 'vfs', depth: 125, protects: false },
  { name: 'btrfs', depth: 125, protects: true, mount: mountBtrfs },
  { name: 'fuse-overlayfs', depth: 125, protects: true },
  {
    name: 'devicemapper',
    // All its snapshots lie side by side in the pool: depth is a matter of patience alone.
    depth: Number(process.env.GRAPH_DEPTH ?? 101),
    protects: true,
    options: (megabytes) => [`dm.loopdatasize=${megabytes}M`, 'dm.loopmetadatasize=16M', 'dm.basesize=400M'],
  },
]

/** How often each of a crowd does what it does. In an emulated machine less: a layer of devicemapper's is ten programs. */
export const crowdRounds = Number(process.env.GRAPH_ROUNDS ?? 40)

/** What `base` has. */
export function buildBase(directory: string): void {
  mkdirSync(join(directory, 'etc'))
  writeFileSync(join(directory, 'etc/hosts'), 'hosts\n')
  writeFileSync(join(directory, 'etc/passwd'), 'root\n')
  mkdirSync(join(directory, 'data/deep/deeper'), { recursive: true })
  writeFileSync(join(directory, 'data/one'), '1')
  writeFileSync(join(directory, 'data/deep/two'), '22')
}

export class GraphStage {
  readonly under: DriverUnderTest
  readonly root: string
  readonly options: readonly string[]
  readonly #scratch: string
  readonly #mounted: string[] = []

  /** @param megabytes that the disk has; left out, enough, and what this machine's disk is. */
  constructor(under: DriverUnderTest, megabytes?: number) {
    this.under = under
    this.#scratch = realpathSync(mkdtempSync(join(tmpdir(), 'lc-graph-')))
    this.root = join(this.#scratch, 'root')
    mkdirSync(this.root)
    this.options = under.options?.(megabytes ?? 1000) ?? []
    const mount = under.mount ?? (megabytes === undefined || under.options ? undefined : mountTmpfs)
    if (mount) {
      mount(this.root, megabytes ?? 500)
      this.#mounted.push(this.root)
    }
  }

  /** The driver's own directory. */
  get home(): string {
    return join(this.root, this.under.name)
  }

  /** @param owners of the files, where containers have users of their own */
  async open(owners?: Owners): Promise<GraphDriver> {
    const { driver } = await openGraphDriver(this.root, this.under.name, this.options, owners)
    return driver
  }

  /** A directory beside the driver's root. */
  scratch(): string {
    return mkdtempSync(join(this.#scratch, 'scratch-'))
  }

  /** What `build` writes into a directory, as an archive. Files called `.wh.x` are whiteouts in it. */
  async archive(build: (directory: string) => void): Promise<Buffer> {
    const directory = this.scratch()
    build(directory)
    return buffer(pack(directory))
  }

  /** A new layer with what `build` writes. */
  async layer(
    driver: GraphDriver,
    id: string,
    parent: string | undefined,
    build: (directory: string) => void,
  ): Promise<void> {
    await driver.create(id, parent)
    await driver.applyDiff(id, Readable.from([await this.archive(build)]))
  }

  /** Runs graph-child.ts, which opens this root by itself. */
  child(verb: string): ReturnType<typeof spawn> {
    const program = process.env.GRAPH_CHILD ?? join(import.meta.dirname, 'graph-child.ts')
    return spawn(process.execPath, [program, this.root, this.under.name, verb, ...this.options], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
  }

  /** Mounts, loops, devices, processes and layers of this root that are still there. */
  remains(): string[] {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '')
      .filter((where) => where.startsWith(`${this.root}/`))
    const loops = execFileSync('losetup', ['--all', '--output', 'BACK-FILE', '--noheadings'], {
      encoding: 'utf8',
    })
      .split('\n')
      .filter((file) => file.trim().startsWith(`${this.root}/`))
    const nodes = list('/dev/mapper').filter((name) => name.startsWith('tocker-'))
    const programs = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => commandLine(pid))
      .filter((line) => line.includes(`${this.root}/`))
    const files = list(this.home)
      .flatMap((name) => (name === 'l' ? list(join(this.home, name)).map((link) => `l/${link}`) : [name]))
      .filter((name) => name !== 'pool')
    return [...mounts, ...loops, ...nodes, ...programs, ...files]
  }

  close(): void {
    for (const where of this.#mounted) execFileSync('umount', [where])
    rmSync(this.#scratch, { recursive: true })
  }
}

function list(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : []
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

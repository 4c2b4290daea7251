// Makes the sandbox's image, once per plan, and keeps it in the cache.
//
// Two steps: mmdebstrap turns Debian packages into rootfs.tar, assemble.sh turns
// that into kernel, initramfs and disk. Neither needs root where the kernel
// lets users make user namespaces; with root it goes without them.
//
// A build works in `<key>.partial` and renames it when complete, so a killed
// build is never taken for an image. What it had downloaded stays in
// `archives/`, and a finished rootfs.tar is used again.
//
// Next: sandbox-vm/keeper/machine.ts
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { freemem, tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa, execaSync } from 'execa'
import { cacheDirectory } from '../directories.ts'
import { withLock } from '../lock.ts'
import { packageRoot } from '../package-root.ts'
import { type OpenOptions, SandboxError } from '../sandbox.ts'
import { type ImagePlan, imagePlan } from './plan.ts'

const neededDiskBytes = 1.6e9
const neededMemoryBytes = 700e6

/** An image that is complete. Paths are absolute; the disk is a raw ext4 file system, never written to. */
export interface Image {
  key: string
  directory: string
  kernel: string
  initrd: string
  disk: string
}

type BuildOptions = Pick<OpenOptions, 'onProgress' | 'signal'>

/** The plan for this machine's CPU and our Node. */
export async function currentPlan(): Promise<ImagePlan> {
  const guest = join(packageRoot(), 'sandbox-vm/image/guest')
  const scripts = [join(packageRoot(), 'sandbox-vm/image/assemble.sh')]
  for (const name of (await readdir(guest)).sort()) scripts.push(join(guest, name))
  const contents = await Promise.all(scripts.map((path) => readFile(path, 'utf8')))
  return imagePlan(process.arch, process.version, contents)
}

function imageAt(directory: string, key: string): Image {
  const [kernel, initrd, disk] = ['vmlinuz', 'initrd.gz', 'root.ext4'].map((name) => join(directory, name))
  return { key, directory, kernel: kernel ?? '', initrd: initrd ?? '', disk: disk ?? '' }
}

/** The image for this machine, when it was built before. */
export async function findImage(): Promise<Image | undefined> {
  const { key } = await currentPlan()
  const directory = join(cacheDirectory(), 'images', key)
  return existsSync(join(directory, 'complete')) ? imageAt(directory, key) : undefined
}

/**
 * The image for this machine, built when it is not in the cache.
 * @throws SandboxError `missing` (program or permission), `space`, or `failed` with the builder's last words
 */
export async function ensureImage(options: BuildOptions = {}): Promise<Image> {
  const image = await findImage()
  if (image) return image
  requirePrograms()
  const images = join(cacheDirectory(), 'images')
  await mkdir(images, { recursive: true })
  return withLock(join(images, 'build.lock'), options, async () => {
    // Somebody else may have built it while we waited for the lock.
    const built = await findImage()
    if (built) return built
    await requireSpace(images)
    return build(await currentPlan(), images, options)
  })
}

async function build(plan: ImagePlan, images: string, options: BuildOptions): Promise<Image> {
  const partial = join(images, `${plan.key}.partial`)
  const final = join(images, plan.key)
  for (const name of await readdir(images)) {
    // Rubbish of a killed build of another plan; ours may hold a finished rootfs.tar.
    if (name.endsWith('.partial') && name !== `${plan.key}.partial`) await removeTree(join(images, name))
  }
  await removeTree(scratch())
  await mkdir(partial, { recursive: true })
  await mkdir(scratch(), { recursive: true })
  // The mapped root of a user namespace is another user to this directory.
  await chmod(scratch(), 0o1777)
  if (!existsSync(join(partial, 'rootfs.tar'))) await bootstrap(plan, partial, options)
  await assemble(plan, partial, options)
  await rm(join(partial, 'rootfs.tar'), { force: true })
  await removeTree(scratch())
  await writeFile(join(partial, 'complete'), `${new Date().toISOString()}\n`)
  await rm(final, { recursive: true, force: true })
  await rename(partial, final)
  return imageAt(final, plan.key)
}

/** Debian packages -> rootfs.tar. Progress comes from the stages that mmdebstrap names. */
async function bootstrap(plan: ImagePlan, directory: string, options: BuildOptions): Promise<void> {
  const archives = join(cacheDirectory(), 'archives')
  await mkdir(archives, { recursive: true })
  const excluded = ['doc', 'man', 'locale', 'info', 'lintian'].map(
    (d) => `--dpkgopt=path-exclude=/usr/share/${d}/*`,
  )
  const arguments_ = [
    `--mode=${asRoot() ? 'root' : 'unshare'}`,
    '--variant=minbase',
    `--architectures=${plan.architecture}`,
    '--aptopt=Apt::Install-Recommends "false"',
    ...excluded,
    // What was downloaded stays in the cache, so that an interrupted build resumes there.
    `--setup-hook=mkdir -p "$1/var/cache/apt/archives"`,
    `--setup-hook=sync-in ${archives} /var/cache/apt/archives`,
    `--essential-hook=sync-out /var/cache/apt/archives ${archives}`,
    `--customize-hook=sync-out /var/cache/apt/archives ${archives}`,
    '--skip=download/empty',
    '--skip=essential/unlink',
    `--include=${plan.packages.join(',')}`,
    plan.suite,
    join(directory, 'rootfs.new.tar'),
  ]
  const stages = [
    ['running apt-get update', 'reading package lists'],
    ['downloading packages', `downloading ${plan.packages.length} packages and what they need`],
    ['extracting archives', 'unpacking the base system'],
    ['installing essential', 'installing the base system'],
    ['installing remaining', 'installing kernel and tools'],
    ['cleaning package', 'cleaning'],
    ['creating tarball', 'packing'],
  ] as const
  await run('mmdebstrap', arguments_, directory, plan, options, (line) => {
    const index = stages.findIndex(([mark]) => line.includes(mark))
    const stage = stages[index]
    if (stage) options.onProgress?.({ task: stage[1], done: index, total: stages.length + 2, unit: 'steps' })
  })
  await rename(join(directory, 'rootfs.new.tar'), join(directory, 'rootfs.tar'))
}

async function assemble(plan: ImagePlan, directory: string, options: BuildOptions): Promise<void> {
  const scripts = join(packageRoot(), 'sandbox-vm/image')
  const script = [
    join(scripts, 'assemble.sh'),
    join(directory, 'rootfs.tar'),
    process.execPath,
    join(scripts, 'guest'),
    directory,
    String(plan.diskMegabytes),
    plan.uuid,
  ]
  // --map-auto: our user becomes root, and the subordinate ids of /etc/subuid its users.
  const command = asRoot() ? ['sh', ...script] : ['unshare', '--map-root-user', '--map-auto', 'sh', ...script]
  let step = 7
  await run(command[0] ?? 'sh', command.slice(1), directory, plan, options, (line) => {
    if (line.startsWith('step: ')) {
      options.onProgress?.({ task: line.slice(6), done: Math.min(8, step++), total: 9, unit: 'steps' })
    }
  })
}

async function run(
  program: string,
  arguments_: readonly string[],
  cwd: string,
  plan: ImagePlan,
  options: BuildOptions,
  onLine: (line: string) => void,
): Promise<void> {
  const last: string[] = []
  const child = execa(program, arguments_, {
    cwd,
    all: true,
    reject: false,
    // A process group of its own, so that an interrupted build takes all its children along.
    detached: true,
    env: { SOURCE_DATE_EPOCH: String(plan.sourceDateEpoch), LC_ALL: 'C', TMPDIR: scratch() },
  })
  const stop = (): void => {
    // mmdebstrap unmounts and removes its directory on SIGINT.
    if (child.pid !== undefined && child.nodeChildProcess.exitCode === null)
      process.kill(-child.pid, 'SIGINT')
  }
  options.signal?.addEventListener('abort', stop, { once: true })
  process.once('exit', stop)
  try {
    for await (const line of child.iterable({ from: 'all' })) {
      last.push(line)
      if (last.length > 12) last.shift()
      onLine(line)
    }
    const result = await child
    if (options.signal?.aborted)
      throw new SandboxError('failed', 'the image build was interrupted; run it again to go on')
    if (result.exitCode !== 0) {
      const words =
        last.filter((line) => /^(E:|W: |error|mke2fs|.*[Nn]o space)/.test(line)).join('; ') ||
        last.slice(-3).join('; ')
      throw new SandboxError('failed', `building the sandbox image: ${program} failed: ${words}`)
    }
  } finally {
    options.signal?.removeEventListener('abort', stop)
    process.off('exit', stop)
  }
}

/** Where mmdebstrap unpacks. A fixed name: the next build finds what a killed one left, and removes it. */
function scratch(): string {
  return join(tmpdir(), `learn-containers-build-${process.getuid?.() ?? 0}`)
}

function asRoot(): boolean {
  return process.getuid?.() === 0
}

function requirePrograms(): void {
  const programs = {
    mmdebstrap: 'mmdebstrap',
    mke2fs: 'e2fsprogs',
    cpio: 'cpio',
    ...(asRoot() ? {} : { newuidmap: 'uidmap' }),
  }
  const path = `${process.env.PATH}:/usr/sbin:/sbin`
  const missing = Object.entries(programs).filter(
    ([name]) => !path.split(':').some((d) => existsSync(join(d, name))),
  )
  if (missing.length > 0) {
    const names = missing.map(([, debian]) => debian).join(' ')
    throw new SandboxError(
      'missing',
      `building the sandbox image needs ${names}: run 'sudo apt-get install ${names}'`,
    )
  }
  if (
    !asRoot() &&
    execaSync('unshare', ['--user', '--map-root-user', 'true'], { reject: false }).exitCode !== 0
  ) {
    throw new SandboxError(
      'missing',
      "this machine lets no user make a user namespace (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns): run 'sudo learn-containers vm build' or allow it",
    )
  }
}

async function requireSpace(directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`
  if (bavail * bsize < neededDiskBytes) {
    throw new SandboxError(
      'space',
      `the sandbox image takes ${gigabytes(neededDiskBytes)} while it is built, and ${directory} has ${gigabytes(bavail * bsize)} free: make room, or set LEARN_CONTAINERS_CACHE`,
    )
  }
  const available = await availableMemory()
  if (available < neededMemoryBytes) {
    throw new SandboxError(
      'space',
      `the sandbox takes ${gigabytes(neededMemoryBytes)} of memory, and ${gigabytes(available)} are free: close something`,
    )
  }
}

/** Bytes that a new program could have. os.freemem() leaves out what the page cache would give back. */
async function availableMemory(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '')
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1]
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024
}

/** Removes a build directory; files of mapped users need the same user namespace to go. */
async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(async () => {
    await execa('unshare', ['--map-root-user', '--map-auto', 'rm', '-rf', path], { reject: false })
  })
}

/** Removes every image; the next start builds again. */
export async function removeImages(): Promise<void> {
  const images = join(cacheDirectory(), 'images')
  for (const name of await readdir(images).catch(() => [])) await removeTree(join(images, name))
  await rm(join(cacheDirectory(), 'archives'), { recursive: true, force: true })
}

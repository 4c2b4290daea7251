// Makes the sandbox's image, once per plan, and keeps it in the cache.
//
// Two steps: mmdebstrap turns Debian packages into rootfs.tar, assemble.sh turns
// that into kernel, initramfs and disk. Neither needs root where the kernel
// lets users make user namespaces (tools.ts).
//
// A build works in `<key>.partial` and renames it when complete, so a killed
// build is never taken for an image. apt downloads straight into `archives/`,
// so what came before the kill need not come again; a finished rootfs.tar is used again.
//
// Next: sandbox-vm/image/tools.ts
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDirectory } from '../directories.ts'
import { withLock } from '../lock.ts'
import { packageRoot } from '../package-root.ts'
import type { OpenOptions } from '../sandbox.ts'
import { requireDisk, requireMemory } from '../space.ts'
import { type ImagePlan, imagePlan } from './plan.ts'
import { removeTree, requirePrograms, runTool } from './tools.ts'

const neededDiskBytes = 1.6e9
const neededMemoryBytes = 700e6
/** An image of another plan that nobody started for so long goes when the next one is built. */
const keptMilliseconds = 14 * 24 * 3600e3

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
    await requireDisk(images, neededDiskBytes, [
      'the sandbox image takes',
      'while it is built',
      'make room, or set LEARN_CONTAINERS_CACHE',
    ])
    await requireMemory(neededMemoryBytes)
    return build(await currentPlan(), images, options)
  })
}

/** Notes that the image is in use, so that it is not tidied away. */
export async function touchImage(image: Image): Promise<void> {
  const now = new Date()
  // An image that root built for us is not ours to touch.
  await utimes(join(image.directory, 'complete'), now, now).catch(() => {})
}

async function build(plan: ImagePlan, images: string, options: BuildOptions): Promise<Image> {
  const partial = join(images, `${plan.key}.partial`)
  const final = join(images, plan.key)
  for (const name of await readdir(images)) await tidy(join(images, name), plan.key)
  const scratch = join(partial, 'scratch')
  await removeTree(scratch)
  await mkdir(scratch, { recursive: true })
  // The mapped root of a user namespace is another user to this directory.
  await chmod(scratch, 0o1777)
  if (!existsSync(join(partial, 'rootfs.tar'))) await bootstrap(plan, partial, options)
  await assemble(plan, partial, options)
  await rm(join(partial, 'rootfs.tar'), { force: true })
  await removeTree(scratch)
  await writeFile(join(partial, 'complete'), `${new Date().toISOString()}\n`)
  await rm(final, { recursive: true, force: true })
  await rename(partial, final)
  return imageAt(final, plan.key)
}

/** Removes a killed build of another plan, and an image of another plan that nobody uses any more. */
async function tidy(path: string, key: string): Promise<void> {
  if (path.endsWith(`/${key}`) || path.endsWith(`/${key}.partial`)) return
  const used = (await stat(join(path, 'complete')).catch(() => undefined))?.mtimeMs
  const unused = used !== undefined && Date.now() - used > keptMilliseconds
  if (path.endsWith('.partial') || unused) await removeTree(path)
}

/** Debian packages -> rootfs.tar. Progress comes from the stages that mmdebstrap names. */
async function bootstrap(plan: ImagePlan, directory: string, options: BuildOptions): Promise<void> {
  const archives = join(cacheDirectory(), 'archives')
  await mkdir(archives, { recursive: true })
  const inside = '"$1/var/cache/apt/archives"'
  const arguments_ = [
    '--mode=root',
    '--variant=minbase',
    `--architectures=${plan.architecture}`,
    '--aptopt=Apt::Install-Recommends "false"',
    ...plan.dpkgOptions.map((option) => `--dpkgopt=${option}`),
    `--setup-hook=mkdir -p ${inside} && mount --bind "$ARCHIVES" ${inside}`,
    `--customize-hook=umount ${inside}`,
    // mmdebstrap would want the directory empty before, and empty it after.
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
  const onLine = (line: string): void => {
    const index = stages.findIndex(([mark]) => line.includes(mark))
    const stage = stages[index]
    if (stage) options.onProgress?.({ task: stage[1], done: index, total: stages.length + 2, unit: 'steps' })
  }
  // INITRD=No: the kernel's package would make an initramfs, and assemble.sh makes a smaller one.
  const env = { ...environment(plan, directory), ARCHIVES: archives, INITRD: 'No' }
  await runTool({ command: ['mmdebstrap', ...arguments_], cwd: directory, env, onLine }, options)
  await rename(join(directory, 'rootfs.new.tar'), join(directory, 'rootfs.tar'))
}

async function assemble(plan: ImagePlan, directory: string, options: BuildOptions): Promise<void> {
  const scripts = join(packageRoot(), 'sandbox-vm/image')
  const arguments_ = [
    join(scripts, 'assemble.sh'),
    join(directory, 'rootfs.tar'),
    process.execPath,
    join(scripts, 'guest'),
    directory,
    String(plan.diskMegabytes),
    plan.uuid,
  ]
  let step = 7
  const onLine = (line: string): void => {
    if (line.startsWith('step: '))
      options.onProgress?.({ task: line.slice(6), done: Math.min(8, step++), total: 9, unit: 'steps' })
  }
  const env = environment(plan, directory)
  await runTool({ command: ['sh', ...arguments_], cwd: directory, env, onLine }, options)
}

/** mmdebstrap unpacks in TMPDIR: beside the result, since /tmp may lie in memory. */
function environment(plan: ImagePlan, directory: string): Record<string, string> {
  return { SOURCE_DATE_EPOCH: String(plan.sourceDateEpoch), TMPDIR: join(directory, 'scratch') }
}

/** Removes every image; the next start builds again. Waits for a build that runs now. */
export async function removeImages(): Promise<void> {
  const images = join(cacheDirectory(), 'images')
  if (existsSync(images))
    await withLock(join(images, 'build.lock'), {}, async () => {
      for (const name of await readdir(images))
        if (!name.startsWith('build.lock')) await removeTree(join(images, name))
    })
  await removeTree(join(cacheDirectory(), 'archives'))
}

// The image: a build that is interrupted, or has no room, leaves nothing that
// counts as an image, and the next one goes on. Users build it without root.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cacheDirectory } from '../../sandbox-vm/directories.ts'
import { ensureImage, findImage } from '../../sandbox-vm/image/build.ts'
import { alive } from '../../sandbox-vm/lock.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'

let cache: string
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'lc-image-'))
})
afterEach(async () => {
  await rm(cache, { recursive: true, force: true })
})

/** Starts a build in a process of its own; resolves when it says that it is unpacking. */
async function startBuild(): Promise<ReturnType<typeof spawn>> {
  const script = `
    const { ensureImage } = await import('./sandbox-vm/image/build.ts')
    const abort = new AbortController()
    process.on('SIGINT', () => abort.abort())
    await ensureImage({ signal: abort.signal, onProgress: (p) => console.log(p.task) }).catch((e) => { console.error(e.message); process.exitCode = 3 })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: packageRoot(),
    env: { ...process.env, LEARN_CONTAINERS_CACHE: cache },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (data) => String(data).includes('unpacking the base') && resolve())
    child.once('exit', () => reject(new Error('the build ended early')))
  })
  return child
}

async function builders(): Promise<string> {
  const { stdout } = await execa('ps', ['-eo', 'args='])
  return stdout
    .split('\n')
    .filter((line) => line.includes('mmdebstrap') && line.includes(cache))
    .join('\n')
}

test('Ctrl-C: says that it was interrupted, leaves no process, no mount, and no image', async () => {
  const child = await startBuild()
  let words = ''
  child.stderr?.on('data', (data) => {
    words += data
  })
  // Its end may come before its last words.
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGINT')
  expect(await ended).toBe(3)
  expect(words).toMatch(/interrupted; run it again to go on/)
  await expect.poll(builders).toBe('')
  expect((await execa('cat', ['/proc/self/mountinfo'])).stdout).not.toContain(cache)
  expect((await readdir(join(cache, 'images'))).filter((name) => !name.includes('.'))).toEqual([])
})

test('kill -9, then again: the second build removes the rubbish and completes', async () => {
  const child = await startBuild()
  child.kill('SIGKILL')
  // Nobody is left to clean up, so the kernel does: the build dies with the one who started it.
  await expect.poll(builders).toBe('')
  expect((await execa('cat', ['/proc/self/mountinfo'])).stdout).not.toContain(cache)
  const before = process.env.LEARN_CONTAINERS_CACHE
  process.env.LEARN_CONTAINERS_CACHE = cache
  try {
    expect(await findImage()).toBeUndefined()
    const image = await ensureImage()
    for (const path of [image.kernel, image.initrd, image.disk]) expect(existsSync(path)).toBe(true)
    expect(await readdir(join(cache, 'images'))).toEqual([image.key])
    expect(await readdir(image.directory)).not.toContain('scratch')
  } finally {
    if (before === undefined) delete process.env.LEARN_CONTAINERS_CACHE
    else process.env.LEARN_CONTAINERS_CACHE = before
  }
})

test.runIf(process.getuid?.() === 0)('a disk that is too small is said before the work begins', async () => {
  await execa('mount', ['-t', 'tmpfs', '-o', 'size=50m', 'lc-small', cache])
  try {
    const { exitCode, stderr } = await execa(process.execPath, ['dist/learn-containers.mjs', 'vm', 'build'], {
      cwd: packageRoot(),
      env: { LEARN_CONTAINERS_CACHE: cache },
      reject: false,
    })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(
      /the sandbox image takes 1\.6 GB while it is built, and .* has 0\.1 GB free: make room/,
    )
  } finally {
    await execa('umount', [cache])
  }
})

test.runIf(process.getuid?.() === 0)(
  'a user without root builds it in a user namespace, sees its size, and removes it (needs root to become one)',
  { timeout: 400_000 },
  async () => {
    // Nobody gets a range of subordinate ids, and a way to this clone, in a mount namespace
    // of ours: /etc/subuid of the machine stays as it is, and all is gone with the process.
    const become = `set -e
      echo nobody:100000:65536 > "$1/subids"
      mkdir "$1/clone" "$1/cache"
      for file in /etc/subuid /etc/subgid; do mount --bind "$1/subids" $file; done
      mount --bind "$2" "$1/clone"
      if [ -d "$3" ]; then cp -r "$3" "$1/cache/"; fi
      chown -R nobody "$1/cache"
      cd "$1/clone"
      export HOME="$1" LEARN_CONTAINERS_CACHE="$1/cache" LEARN_CONTAINERS_STATE="$1/cache/state" PATH=/usr/bin:/bin
      for do in build status clean; do
        setpriv --reuid nobody --regid 65534 --clear-groups node_modules/node/bin/node dist/learn-containers.mjs vm $do
      done`
    await chmod(cache, 0o755)
    // Packages that were downloaded before need not come again.
    const archives = join(cacheDirectory(), 'archives')
    const { all, exitCode } = await execa(
      'unshare',
      ['--mount', 'sh', '-c', become, 'sh', cache, packageRoot(), archives],
      { all: true, reject: false },
    )
    expect(exitCode, all).toBe(0)
    expect(all).toMatch(/^image [0-9a-f]{16}: .*\nimage +[0-9a-f]{16}, \d{3} MB\ncache .*, \d{3} MB$/m)
    expect(all).toMatch(/removed \d{3} MB of images and packages/)
    expect(await readdir(join(cache, 'cache/images'))).toEqual([])
  },
)

test('a lock whose owner died is taken over', async () => {
  expect(alive(process.pid)).toBe(true)
  expect(alive(2 ** 22 + 1)).toBe(false)
})

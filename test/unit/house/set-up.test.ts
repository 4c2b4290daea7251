// Set-up on machines that lack one thing or another. Each test has a clone of its
// own with next to nothing in it, and a PATH whose npm, apt-get and programs are
// scripts that write down how they were called.
import { execFileSync, spawn } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { packageRoot } from '../../../sandbox-vm/package-root.ts'
import { missingPackages, wanted } from '../../../sandbox-vm/system-packages.mjs'

let clone: string
let bin: string

beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), 'lc-set-up-'))
  await chmod(clone, 0o755)
  bin = join(clone, 'bin')
  for (const room of ['engine', 'lessons', 'sandbox-vm', 'site', 'bin']) await mkdir(join(clone, room))
  for (const name of ['setup.mjs', 'system-packages.mjs'])
    await cp(join(packageRoot(), 'sandbox-vm', name), join(clone, 'sandbox-vm', name))
  await writeFile(join(clone, 'go.mjs'), "import { setUp } from './sandbox-vm/setup.mjs'\nsetUp('start')\n")
  await writeFile(join(clone, 'package-lock.json'), '{}')
  await writeFile(join(clone, 'package.json'), '{ "type": "module" }')
  await writeFile(join(clone, 'esbuild.config.mjs'), '')
  await writeFile(join(clone, 'engine/mount.ts'), 'one')
  await program('npm', 'mkdir -p node_modules/node/bin; cp bin/project-node node_modules/node/bin/node')
  await program(
    'project-node',
    'case "$*" in *--outDir*) mkdir -p dist/site.new; echo > dist/site.new/index.html;; esac',
  )
  await program('apt-get', 'case "$1" in install) for p; do cp bin/nothing "bin/$p"; done;; esac')
  for (const name of [
    'nothing',
    'newuidmap',
    'gpg',
    'qemu-img',
    'ssh-keygen',
    'mmdebstrap',
    'cpio',
    'mke2fs',
  ])
    await program(name, '')
  for (const name of ['cp', 'mkdir', 'sleep', 'env'])
    await writeFile(join(bin, name), `#!/bin/sh\nexec /usr/bin/${name} "$@"\n`, { mode: 0o755 })
  await program(`qemu-system-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}`, '')
})

afterEach(async () => {
  await rm(clone, { recursive: true, force: true })
})

async function program(name: string, does: string): Promise<void> {
  const path = join(bin, name)
  await writeFile(path, `#!/bin/sh\necho "${name} $*" >> ${clone}/calls\ncd ${clone}\n${does}\n`)
  await chmod(path, 0o755)
}

/** Nothing of the machine's own directories: what is installed here must not matter. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: bin, HOME: clone }
}

async function setUp(options: { uid?: number } = {}) {
  const result = await execa(process.execPath, [join(clone, 'go.mjs')], {
    env: environment(),
    extendEnv: false,
    reject: false,
    ...options,
  })
  const calls = await readFile(join(clone, 'calls'), 'utf8').catch(() => '')
  await rm(join(clone, 'calls'), { force: true })
  return { status: result.exitCode, said: result.stderr, calls }
}

test('a fresh clone gets npm packages, commands and site; the second start asks nobody', async () => {
  const first = await setUp()
  expect(first.said).toMatch(/installing npm packages.*\n.*building the commands and the site/)
  expect(first.calls).toMatch(/^npm install --no-save .*\nproject-node esbuild.*\nproject-node .*vitepress/)
  expect(first.status).toBe(0)
  expect(await setUp()).toEqual({ status: 0, said: '', calls: '' })
})

test('another lockfile: npm again; an edited source: a build again, and no npm', async () => {
  await setUp()
  await writeFile(join(clone, 'package-lock.json'), '{ "more": 1 }')
  expect((await setUp()).calls).toMatch(/^npm install/)
  await writeFile(join(clone, 'engine/mount.ts'), 'two')
  const edited = await setUp()
  expect(edited.calls).toMatch(/^project-node esbuild/)
  expect(edited.calls).not.toContain('npm')
})

test('a build that fails keeps the site that was there, and is tried again', async () => {
  await setUp()
  await writeFile(join(clone, 'engine/mount.ts'), 'broken')
  const node = join(clone, 'node_modules/node/bin/node')
  const works = await readFile(node, 'utf8')
  await writeFile(node, '#!/bin/sh\nexit 1\n')
  const failed = await setUp()
  expect(failed.status).toBe(1)
  expect(failed.said).toContain('building the commands failed')
  expect(await readFile(join(clone, 'dist/site/index.html'), 'utf8')).toBe('\n')
  await writeFile(node, works)
  expect((await setUp()).said).toContain('building')
})

test('npm that fails is named, and not taken for done', async () => {
  await program(
    'npm',
    'mkdir -p node_modules/node/bin; cp bin/project-node node_modules/node/bin/node; exit 1',
  )
  expect((await setUp()).said).toMatch(/npm could not install the packages .* start again/)
  expect((await setUp()).calls).toMatch(/^npm install/)
})

test('no npm, no lockfile: one line that says so', async () => {
  await rm(join(bin, 'npm'))
  const noNpm = await execa(process.execPath, [join(clone, 'go.mjs')], {
    env: { PATH: bin },
    extendEnv: false,
    reject: false,
  })
  expect(noNpm.stderr.split('\n').at(-1)).toMatch(/^learn-containers: cannot run npm: /)
  await rm(join(clone, 'package-lock.json'))
  expect((await setUp()).said).toMatch(/^learn-containers: .* has no package-lock.json: take a whole clone/)
})

test.runIf(process.getuid?.() === 0)(
  'missing programs are installed by root, after a line that says why (needs root)',
  async () => {
    await rm(join(bin, 'qemu-img'))
    const { status, said, calls } = await setUp()
    expect(said).toContain('installing qemu-utils with apt-get: for its disk')
    expect(calls).toMatch(/apt-get update -qq\napt-get install -y --no-install-recommends qemu-utils -qq\n/)
    expect(status).toBe(0)
  },
)

test.runIf(process.getuid?.() === 0)(
  '... by a user through sudo, or not at all (needs root to become a user)',
  async () => {
    await rm(join(bin, 'qemu-img'))
    execFileSync('chown', ['-R', '65534', clone])
    const without = await setUp({ uid: 65534 })
    expect(without.status).toBe(1)
    expect(without.said).toMatch(
      /these packages are missing: qemu-utils\. As root, run: apt-get install -y --no-install-recommends qemu-utils$/,
    )
    await program('sudo', 'exec "$@"')
    await chmod(clone, 0o777)
    execFileSync('chown', ['-R', '65534', clone])
    const through = await setUp({ uid: 65534 })
    expect(through.said).toContain('installing qemu-utils with apt-get through sudo: for its disk')
    expect(through.calls).toContain('sudo env DEBIAN_FRONTEND=noninteractive apt-get install')
  },
)

test('two at once: the second waits, and finds the work done', async () => {
  await program(
    'npm',
    'mkdir -p node_modules/node/bin; while [ ! -e go-on ]; do sleep 0.05; done; cp bin/project-node node_modules/node/bin/node',
  )
  const first = setUp()
  await expect.poll(() => readFile(join(clone, 'calls'), 'utf8').catch(() => '')).toContain('npm')
  const second = execa(process.execPath, [join(clone, 'go.mjs')], { env: environment(), extendEnv: false })
  await new Promise((resolve) => second.stderr.once('data', resolve))
  await writeFile(join(clone, 'go-on'), '')
  const calls = (await first).calls
  expect(calls.match(/^npm /gm)).toHaveLength(1)
  expect((await second).stderr).toMatch(/another set-up is at work here \(process \d+\): waiting for it/)
})

test('a set-up that was killed does not lock out the next', async () => {
  await program('npm', 'exec sleep 600')
  const killed = spawn(process.execPath, [join(clone, 'go.mjs')], { env: environment(), detached: true })
  await expect.poll(() => readFile(join(clone, 'calls'), 'utf8').catch(() => '')).toContain('npm')
  const gone = new Promise((resolve) => killed.once('exit', resolve))
  process.kill(-(killed.pid ?? 0), 'SIGKILL')
  await gone
  await program('npm', 'mkdir -p node_modules/node/bin; cp bin/project-node node_modules/node/bin/node')
  expect((await setUp()).status).toBe(0)
})

test('Ubuntu gets Debian’s keyring with the gpg to judge it, and its own browser', () => {
  const names = (id: string, asRoot: boolean, purpose: 'start' | 'test' = 'test') =>
    wanted(purpose, id, asRoot).map(([, debian]) => debian)
  expect(names('ubuntu', true)).toEqual(
    expect.arrayContaining(['gpg', 'debian-archive-keyring', 'chromium-browser']),
  )
  expect(names('debian', true)).not.toContain('gpg')
  expect(names('debian', true, 'start')).not.toContain('uidmap')
  expect(names('debian', false, 'start')).toContain('uidmap')
})

test('programs are looked for where root’s lie too, and reasons are said once', () => {
  const { packages, why } = missingPackages('start', { PATH: '/nowhere' })
  expect(packages).not.toContain('e2fsprogs')
  expect(packages).toContain('mmdebstrap')
  expect(why.match(/its image/g)).toHaveLength(1)
})

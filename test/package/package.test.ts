// The package as npm would publish it: packed, looked into, installed elsewhere, used.
//
// Packed from a copy of the sources, since packing builds, and the dist of this
// clone may be in use. Installed into an empty directory, by an npm that knows
// nothing of this clone: what works there works without the sources' neighbours.
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'

let directory: string
let tarball: string

/** Without what `npm test` exports for its scripts, and without this clone's programs. */
const env: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))),
  PATH: `${process.env.PATH}`
    .split(delimiter)
    .filter((one) => !one.includes('node_modules'))
    .join(delimiter),
}

/** Runs one of the package's commands where it is installed. */
async function npx(...args: string[]) {
  const cwd = join(directory, 'installed')
  return execa('npx', args, { cwd, env, extendEnv: false, reject: false, all: true })
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lc-package-'))
  const [copy, packed, installed] = ['copy', 'packed', 'installed'].map((name) => join(directory, name))
  if (!copy || !packed || !installed) throw new Error('three names give three paths')
  const tracked = ['ls-files', '--cached', '--others', '--exclude-standard']
  const { stdout: paths } = await execa('git', tracked, { cwd: packageRoot() })
  for (const path of paths.split('\n')) await cp(join(packageRoot(), path), join(copy, path))
  await symlink(join(packageRoot(), 'node_modules'), join(copy, 'node_modules'))
  await mkdir(packed)
  await execa('npm', ['pack', '--pack-destination', packed], { cwd: copy, env, extendEnv: false })
  tarball = join(packed, (await readdir(packed))[0] ?? '')

  await mkdir(installed)
  // npm asks who may run scripts at install time: Node's package fetches its binary by one.
  const manifest = { private: true, allowScripts: { koffi: true, node: true } }
  await writeFile(join(installed, 'package.json'), JSON.stringify(manifest))
  const install = ['install', '--no-audit', '--no-fund', tarball]
  await execa('npm', install, { cwd: installed, env, extendEnv: false })
})

afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
})

test('the tarball holds what the commands read, and nothing of how they are tested', async () => {
  const { stdout } = await execa('tar', ['-tzf', tarball])
  const paths = stdout.split('\n').map((path) => path.replace('package/', ''))
  expect(paths).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'README.md',
      'dist/learn-containers.mjs',
      'dist/keeper.mjs',
      'dist/site/index.html',
      'dist/engine/tocker.mjs',
      'engine/libcontainer/create.ts',
      'lessons/content/modules.yaml',
      'lessons/content/namespaces/unshare-pid/lesson.md',
      'sandbox-vm/image/assemble.sh',
    ]),
  )
  // The engine's own dist/engine/node_modules is meant to be there: it travels to the sandbox.
  expect(paths.filter((path) => /^(test|node_modules)\/|\.test\.tsx?$|\.tgz$/.test(path))).toEqual([])
})

test('without arguments: the lessons', async () => {
  const { exitCode, stdout } = await npx('learn-containers')
  expect(stdout).toMatch(/fork-exec[\s\S]*unshare-pid[\s\S]*cgroup-memory/)
  expect(exitCode).toBe(0)
})

test('a name with a slip: a suggestion, and status 2', async () => {
  const { exitCode, stderr } = await npx('learn-containers', 'unshare-pdi')
  expect(stderr).toContain('there is no lesson unshare-pdi. Did you mean unshare-pid?')
  expect(exitCode).toBe(2)
})

test('tocker says what it can do', async () => {
  const { exitCode, stdout } = await npx('tocker', '--help')
  expect(stdout).toMatch(/^Usage: {2}tocker[\s\S]*\brun\b/)
  expect(exitCode).toBe(0)
})

test('a lesson, unattended, on the VM', async () => {
  const { exitCode, all } = await npx('learn-containers', 'fork-exec', '--run-all')
  expect(exitCode, all).toBe(0)
})

test('the site serves its pages, and stops', async () => {
  const command = join(directory, 'installed/node_modules/.bin/learn-containers')
  const site = execa(command, ['site', '--port', '0'], { env, extendEnv: false, reject: false })
  let output = ''
  site.stdout.on('data', (chunk) => {
    output += chunk
  })
  try {
    await expect.poll(() => output).toMatch(/Open http:\S+/)
    const url = /http:\S+/.exec(output)?.[0] ?? ''
    const page = await fetch(new URL('/lessons/unshare-pid', url))
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('PID')])
  } finally {
    site.kill('SIGINT')
  }
  expect((await site).exitCode).toBe(0)
})

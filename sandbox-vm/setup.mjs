// Brings what a fresh machine lacks: npm packages, Debian packages, bundles, the
// built site. `npm start` and `npm test` begin here.
//
// Plain JavaScript without a dependency, since it runs before there are any, on
// whatever Node (20 or newer) the machine has.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Program -> Debian package, and what it is for. */
const qemu =
  process.arch === 'arm64'
    ? ['qemu-system-aarch64', 'qemu-system-arm']
    : ['qemu-system-x86_64', 'qemu-system-x86']
/** @type {readonly [program: string, debian: string, why: string][]} */
const always = [
  [qemu[0] ?? '', qemu[1] ?? '', 'the VM'],
  ['qemu-img', 'qemu-utils', 'its disk'],
  ['mmdebstrap', 'mmdebstrap', 'its image'],
  ['mke2fs', 'e2fsprogs', 'its image'],
  ['cpio', 'cpio', 'its image'],
  ['newuidmap', 'uidmap', 'building the image without root'],
  ['ssh-keygen', 'openssh-client', 'its keys'],
]
/** @type {readonly [program: string, debian: string, why: string][]} */
const forTests = [
  ['chromium', 'chromium', 'the tests of the site'],
  ['busybox', 'busybox-static', 'the tests of the engine'],
  ['ip', 'iproute2', 'the tests of the engine'],
]

/** Brings the machine to where `purpose` can begin. Ends the process, with one line, when it cannot. @param {'start' | 'test'} purpose */
export function setUp(purpose) {
  const [major = 0] = process.versions.node.split('.').map(Number)
  if (major < 20) stop(`Node ${process.versions.node} is too old: install Node 20 or newer`)
  npmPackages()
  systemPackages(purpose === 'test' ? [...always, ...forTests] : always)
  build()
}

/** Path of the project's own Node. */
export function projectNode() {
  return join(root, 'node_modules/node/bin/node')
}

/** npm packages, when the lockfile is not the one that was installed. */
function npmPackages() {
  const lock = digest(['package-lock.json'])
  const stamp = join(root, 'node_modules/.learn-containers-lock')
  if (existsSync(projectNode()) && read(stamp) === lock) return
  say('installing npm packages, about 630 MB with the editor and a Node of its own (once)')
  // npm's own file is its entry when npm runs us; the command otherwise.
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
  // Not `npm ci`: it refuses a lockfile that lacks the native packages of a platform, also of one that is not ours.
  run(
    [...npm, 'install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'],
    'npm could not install the packages',
  )
  writeFileSync(stamp, lock)
}

/** @param {readonly (readonly [string, string, string])[]} wanted */
function systemPackages(wanted) {
  const path = `${process.env.PATH}:/usr/sbin:/sbin`.split(':')
  const missing = wanted.filter(
    ([program]) => !path.some((directory) => existsSync(join(directory, program))),
  )
  if (missing.length === 0) return
  const names = [...new Set(missing.map(([, debian]) => debian))]
  if (process.platform === 'darwin') {
    // mmdebstrap needs Linux: on macOS the lessons run on a Linux host of yours.
    stop(
      "on macOS the image cannot be built yet. 'brew install qemu' brings the VM; until there is an image for it, use --sandbox ssh://root@host",
    )
  }
  const why = [...new Set(missing.map(([, , reason]) => reason))].join(', ')
  const command = `apt-get install -y --no-install-recommends ${names.join(' ')}`
  if (!path.some((directory) => existsSync(join(directory, 'apt-get'))))
    stop(`install these with your package manager: ${names.join(' ')} (for ${why})`)
  const root = process.getuid?.() === 0
  const sudo = path.some((directory) => existsSync(join(directory, 'sudo')))
  if (!root && !sudo) stop(`these packages are missing: ${names.join(' ')}. As root, run: ${command}`)
  say(`installing ${names.join(' ')} with apt-get${root ? '' : ' through sudo'}: for ${why}`)
  const prefix = root ? [] : ['sudo']
  // CI machines and containers come without lists; an old list names packages that are gone.
  run([...prefix, 'apt-get', 'update', '-qq'], 'apt-get update failed', true)
  run(
    [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', ...command.split(' '), '-qq'],
    `apt-get failed: run it by hand: ${command}`,
  )
}

/** Bundles and site, when what they are made of has changed since. */
function build() {
  const state = digest(sources())
  const stamp = join(root, 'dist/.built')
  if (read(stamp) === state && existsSync(join(root, 'dist/site/index.html'))) return
  say('building the commands and the site')
  run([projectNode(), 'esbuild.config.mjs'], 'building the commands failed')
  run(
    [projectNode(), 'node_modules/vitepress/bin/vitepress.js', 'build', 'site', '--logLevel', 'warn'],
    'building the site failed',
  )
  writeFileSync(stamp, state)
}

function sources() {
  const names = ['package-lock.json', 'esbuild.config.mjs', 'package.json']
  for (const room of ['engine', 'lessons', 'sandbox-vm', 'site']) {
    for (const entry of readdirSync(join(root, room), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name).slice(root.length + 1)
      if (entry.isFile() && !path.startsWith('site/.vitepress/cache')) names.push(path)
    }
  }
  return names.sort()
}

/** @param {readonly string[]} names */
function digest(names) {
  const hash = createHash('sha256')
  for (const name of names)
    hash
      .update(name)
      .update('\0')
      .update(readFileSync(join(root, name)))
      .update('\0')
  return hash.digest('hex')
}

/** @param {string} path */
function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** @param {string[]} command @param {string} problem @param {boolean} [optional] */
function run([program = '', ...args], problem, optional = false) {
  // What npm exports for its scripts would be read by an npm that we start.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'npm_config_prefix'))
  const result = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env })
  if (result.signal) process.exit(130)
  if (result.status !== 0 && !optional) stop(problem)
}

/** @param {string} line */
function say(line) {
  console.error(`learn-containers: ${line}`)
}

/** @param {string} line @returns {never} */
function stop(line) {
  say(line)
  process.exit(1)
}

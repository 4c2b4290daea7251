// Brings what a fresh machine lacks: npm packages, Debian packages, bundles, the
// built site. `npm start`, `npm test` and `npm run site:build` begin here.
//
// Plain JavaScript without a dependency, since it runs before there are any, on
// whatever Node (20 or newer) the machine has. Synchronous: there is nothing else
// to do meanwhile, and Ctrl-C ends it together with the program that it runs.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { missingPackages } from './system-packages.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** node_modules with the editor, and npm's own cache of it. */
const npmBytes = 1.1e9

/** Brings the machine to where `purpose` can begin. Ends the process, with one line, when it cannot. @param {'start' | 'test'} purpose */
export function setUp(purpose) {
  const [major = 0] = process.versions.node.split('.').map(Number)
  if (major < 20) stop(`Node ${process.versions.node} is too old: install Node 20 or newer`)
  if (!existsSync(join(root, 'package-lock.json')))
    stop(`${root} has no package-lock.json: take a whole clone, by 'git clone'`)
  if (npmPackagesStale() || missingPackages(purpose).packages.length > 0 || buildStale())
    alone(() => {
      // Somebody else may have done it while we waited. First what sudo may ask a password for:
      // later, nobody may be looking.
      installSystemPackages(purpose)
      if (npmPackagesStale()) installNpmPackages()
      if (buildStale()) build()
    })
}

/** Path of the project's own Node. */
export function projectNode() {
  return join(root, 'node_modules/node/bin/node')
}

/** Bundles and site, stale or not; the npm packages are there already. */
export function rebuild() {
  alone(build)
}

/** The npm packages that are installed are those of another lockfile, or none. */
function npmPackagesStale() {
  return !existsSync(projectNode()) || read(npmStamp()) !== digest(['package-lock.json'])
}

function npmStamp() {
  return join(root, 'node_modules/.learn-containers-lock')
}

function installNpmPackages() {
  if (!writable(root)) {
    // Somebody with more rights installed them, with an npm that leaves no stamp.
    if (existsSync(projectNode())) return
    stop(`cannot write to ${root}: clone it to a directory of your own`)
  }
  if (!existsSync(projectNode())) {
    const { bavail, bsize } = statfsSync(root)
    if (bavail * bsize < npmBytes)
      stop(
        `the npm packages take ${gigabytes(npmBytes)}, and ${gigabytes(bavail * bsize)} are free: make room`,
      )
  }
  say('installing npm packages, about 700 MB with the editor and a Node of its own (once)')
  // npm's own file is its entry when npm runs us; the command otherwise.
  const entry = process.env.npm_execpath ?? ''
  const npm = /^npm-cli\.c?js$/.test(basename(entry)) ? [process.execPath, entry] : ['npm']
  // Not `npm ci`: it refuses a lockfile that lacks the native packages of a platform, also of one that is not ours.
  run(
    [...npm, 'install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'],
    'npm could not install the packages (its own words are above): put that right, then start again',
  )
  writeFileSync(npmStamp(), digest(['package-lock.json']))
}

/** @param {'start' | 'test'} purpose */
function installSystemPackages(purpose) {
  const { packages, why, path } = missingPackages(purpose)
  if (packages.length === 0) return
  const names = packages.join(' ')
  // mmdebstrap needs Linux: on macOS the lessons run on a Linux host of yours.
  if (process.platform === 'darwin')
    stop(
      "on macOS the image cannot be built yet. 'brew install qemu' brings the VM; until there is an image for it, use --sandbox ssh://root@host",
    )
  const has = (/** @type {string} */ program) => path.some((one) => existsSync(join(one, program)))
  if (!has('apt-get')) stop(`install these with your package manager: ${names} (for ${why})`)
  const isRoot = process.getuid?.() === 0
  const command = `apt-get install -y --no-install-recommends ${names}`
  if (!isRoot && !has('sudo')) stop(`these packages are missing: ${names}. As root, run: ${command}`)
  say(`installing ${names} with apt-get${isRoot ? '' : ' through sudo'}: for ${why}`)
  const prefix = isRoot ? [] : ['sudo']
  // CI machines and containers come without lists; an old list names packages that are gone.
  run([...prefix, 'apt-get', 'update', '-qq'], 'apt-get update failed', true)
  run(
    [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', ...command.split(' '), '-qq'],
    `apt-get failed: run it by hand: ${isRoot ? '' : 'sudo '}${command}`,
  )
}

/** Bundles and site are made of other sources than those which are here. */
function buildStale() {
  return (
    read(join(root, 'dist/.built')) !== digest(sources()) || !existsSync(join(root, 'dist/site/index.html'))
  )
}

function build() {
  const state = digest(sources())
  say('building the commands and the site')
  run([projectNode(), 'esbuild.config.mjs'], 'building the commands failed')
  // Beside, then renamed: who serves the site meanwhile serves the old one, and a killed build spoils nothing.
  const [fresh, old] = ['dist/site.new', 'dist/site.old']
  remove(fresh)
  run(
    [
      projectNode(),
      'node_modules/vitepress/bin/vitepress.js',
      'build',
      'site',
      '--outDir',
      fresh,
      '--logLevel',
      'warn',
    ],
    'building the site failed',
  )
  remove(old)
  if (existsSync(join(root, 'dist/site'))) renameSync(join(root, 'dist/site'), join(root, old))
  renameSync(join(root, fresh), join(root, 'dist/site'))
  remove(old)
  writeFileSync(join(root, 'dist/.built'), state)
}

function sources() {
  const names = ['package-lock.json', 'esbuild.config.mjs', 'package.json']
  for (const room of ['engine', 'lessons', 'sandbox-vm', 'site']) {
    for (const entry of readdirSync(join(root, room), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name).slice(root.length + 1)
      if (entry.isFile() && !/^site\/\.vitepress\/(cache|\.temp|dist)\//.test(path)) names.push(path)
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
      .update(bytes(join(root, name)))
      .update('\0')
  return hash.digest('hex')
}

/** Runs `work` while no other set-up of this clone does. A lock whose owner died is taken over. @param {() => void} work */
function alone(work) {
  // Beside what it guards; node_modules and dist may not exist yet.
  const lock = join(root, '.set-up.lock')
  if (!writable(root)) return work()
  let said = false
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch {
      const owner = Number(read(lock))
      if (!alive(owner)) {
        rmSync(lock, { force: true })
        continue
      }
      if (!said) say(`another set-up is at work here (process ${owner}): waiting for it`)
      said = true
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
    }
  }
  const release = () => rmSync(lock, { force: true })
  // stop() ends the process from within.
  process.once('exit', release)
  work()
  process.off('exit', release)
  release()
}

/** @param {number} pid */
function alive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** @param {string} path */
function writable(path) {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** What a file holds; nothing when it is not there, or just went. @param {string} path */
function bytes(path) {
  try {
    return readFileSync(path)
  } catch {
    return Buffer.alloc(0)
  }
}

/** @param {string} path */
function read(path) {
  return bytes(path).toString()
}

/** @param {string} path */
function remove(path) {
  rmSync(join(root, path), { recursive: true, force: true })
}

/** @param {number} bytes */
function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(1)} GB`
}

/** @param {string[]} command @param {string} problem @param {boolean} [optional] */
function run([program = '', ...args], problem, optional = false) {
  // What npm exports for its scripts would be read by an npm that we start.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'npm_config_prefix'))
  const result = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env })
  if (result.signal) process.exit(130)
  if (result.error) stop(`cannot run ${program}: ${result.error.message}`)
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

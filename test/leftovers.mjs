// What a test run could leave behind on this machine: processes, mounts, cgroups,
// interfaces, files. `npm test` and the kernel suite look before and after.
//
// `npm test` gives its run a scratch directory, by LEARN_CONTAINERS_TESTS: every
// temporary file is made in there, and every process has it in its environment or
// on its command line. So what is found is the run's own, however busy the machine.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Kept by programs on purpose: by Node and Chromium's toolkit for the next one, and by a containerd that dockerd found slow. */
const tolerated = /^(node-compile-cache|v8-compile-cache|dconf$|containerd\.\d+\.stacks\.log$)/

/** One line for each thing; what was there before, the caller takes away. @param {string} [scratch] @returns {string[]} */
export function leftovers(scratch = process.env.LEARN_CONTAINERS_TESTS) {
  const ours = scratch ? [...processes(scratch), ...files(scratch)] : []
  return [...ours.map(({ line }) => line), ...mounts(), ...cgroups(), ...interfaces(), ...tables()]
}

/** Ends what a run left running. @param {string} scratch */
export function endProcesses(scratch) {
  for (const { pid } of processes(scratch)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself meanwhile.
    }
  }
}

/** Takes away what a run left mounted below its directory, so that this can be removed. @param {string} scratch */
export function endMounts(scratch) {
  const points = read('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${scratch}/`))
  // The latest first: it may be on top of another.
  for (const point of points.reverse()) spawnSync('umount', ['--lazy', point])
}

/** @param {string} scratch */
function processes(scratch) {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name) && ![process.pid, process.ppid].includes(Number(name)))
    .map((name) => ({
      pid: Number(name),
      command: read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim(),
    }))
    .filter(
      // A zombie has neither, and is its parent's business.
      ({ pid, command }) => command.includes(scratch) || read(`/proc/${pid}/environ`).includes(scratch),
    )
    .map(({ pid, command }) => ({ pid, line: `process ${pid} ${command.slice(0, 160)}` }))
}

/** @param {string} scratch */
function files(scratch) {
  // LXC keeps its locks by the path of what is locked.
  const directories = [...['tmp', 'run'].map((name) => join(scratch, name)), join('/run/lxc/lock', scratch)]
  return directories.flatMap((directory) =>
    list(directory)
      .filter((name) => !tolerated.test(name))
      .map((name) => ({ line: `file ${join(directory, name)}` })),
  )
}

function mounts() {
  return (
    read('/proc/self/mountinfo')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ').slice(3, 5).join(' '))
      // ip-netns(8) mounts its directory at its first use on a machine, and keeps it so for the next.
      .filter((line) => !line.endsWith(' /run/netns'))
      .map((line) => `mount ${line}`)
  )
}

/** Cgroups at the top of a hierarchy: tocker's, the tests', and where managers put what nobody gave a place. */
const ours = /^(tocker|docker|libpod_parent)$|^lc-/

function cgroups() {
  const roots = read('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4] ?? '')
  return roots.flatMap((root) =>
    ['', 'tocker'].flatMap((parent) =>
      list(join(root, parent))
        .filter((name) => (parent === '' ? ours.test(name) : isDirectory(join(root, parent, name))))
        .map((name) => `cgroup ${join(root, parent, name)}`),
    ),
  )
}

function interfaces() {
  return list('/sys/class/net').map((name) => `interface ${name}`)
}

/** Of nft; nothing where it is not installed, or not ours to ask. */
function tables() {
  const { stdout } = spawnSync('nft', ['list', 'tables'], { encoding: 'utf8' })
  return (stdout ?? '').split('\n').filter(Boolean)
}

/** A cgroup's children are its directories. @param {string} path */
function isDirectory(path) {
  return list(path).length > 0
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** @param {string} path */
function list(path) {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

// What a test run could leave behind on this machine: processes, mounts, cgroups,
// interfaces, files. A kernel suite compares before and after, and so does `npm test`.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One line for each thing that is ours, or could be. @returns {string[]} */
export function leftovers() {
  return [...processes(), ...mounts(), ...cgroups(), ...interfaces(), ...files()]
}

function processes() {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
  return (
    stdout
      .split('\n')
      .filter((line) =>
        /qemu-system.*learn-containers|dist\/(keeper|site|tocker|learn-containers)\.mjs|mmdebstrap|chromium.*--headless/.test(
          line,
        ),
      )
      // A zombie is its parent's business, and holds nothing.
      .filter((line) => !line.includes('<defunct>'))
      .map((line) => `process ${line.trim().slice(0, 160)}`)
  )
}

function mounts() {
  return read('/proc/self/mountinfo')
    .split('\n')
    .filter(Boolean)
    .map((line) => `mount ${line.split(' ').slice(3, 5).join(' ')}`)
}

function cgroups() {
  const roots = read('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4] ?? '')
  return roots.flatMap((root) =>
    list(root)
      .filter((name) => name === 'tocker')
      .map((name) => `cgroup ${join(root, name)}`),
  )
}

function interfaces() {
  return list('/sys/class/net').map((name) => `interface ${name}`)
}

function files() {
  const directories = [tmpdir(), process.env.XDG_RUNTIME_DIR].filter((one) => one !== undefined)
  return directories.flatMap((directory) =>
    list(directory)
      .filter((name) => /^(learn-containers|tocker)/.test(name))
      .map((name) => `file ${join(directory, name)}`),
  )
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

// What a container may leave on the machine: mounts, cgroups, processes that bear its
// name, and its entry in the state directory.
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Container, Runtime } from './bundle.ts'

/** Where the hierarchies of cgroups are mounted: several on v1, one on v2. */
export function cgroupRoots(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4] ?? '')
}

/** One line for each thing that is still there. */
export function traces(runtime: Runtime, { id }: Pick<Container, 'id'>): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(id))
  const cgroups = cgroupRoots().flatMap((root) => below(root, 4).filter((path) => path.includes(id)))
  const state = existsSync(join(runtime.root, id)) ? [join(runtime.root, id)] : []
  return [...mounts, ...cgroups, ...processes(id), ...state]
}

/** Takes away what a runtime left, so that one test's failure is not the next one's: to be called until it is empty. */
export function sweep({ id }: Pick<Container, 'id'>): string[] {
  const left = processes(id)
  for (const line of left) process.kill(Number(line.split(' ')[1]), 'SIGKILL')
  if (left.length === 0)
    for (const path of cgroupRoots().map((root) => join(root, id))) if (existsSync(path)) rmdirSync(path)
  return left
}

/** Processes in a cgroup of that name, or with the name on their command line. */
export function processes(id: string): string[] {
  return (
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
      .filter((pid) => [`/proc/${pid}/cgroup`, `/proc/${pid}/cmdline`].some((file) => has(file, id)))
      .map((pid) => ({ pid, line: command(pid) }))
      // Without a command line it has ended: a zombie, whose parent, PID 1, takes its time,
      // or the first of a PID namespace that waits for such a one: pid_namespaces(7).
      .filter(({ line }) => line !== '')
      .map(({ pid, line }) => `process ${pid} ${line}`)
  )
}

function command(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

function has(file: string, id: string): boolean {
  try {
    return readFileSync(file, 'utf8').includes(id)
  } catch {
    // It ended meanwhile.
    return false
  }
}

function below(directory: string, depth: number): string[] {
  if (depth === 0) return []
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) => [join(directory, name), ...below(join(directory, name), depth - 1)])
  } catch {
    return []
  }
}

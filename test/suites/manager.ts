// Real managers on a runtime: a dockerd of its own, and podman with a store of its own.
// Nothing of theirs outlives close(): no daemon, no mount, no cgroup, no file.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { makeRootfs } from './bundle.ts'
import { cgroupRoots } from './traces.ts'

export interface Answer {
  status: number
  stdout: string
  stderr: string
}

export interface Manager {
  readonly name: 'docker' | 'podman'
  readonly directory: string
  /** For every `run`: no network, and a cgroup that goes with the manager. */
  readonly flags: readonly string[]
  /** One command: `cli('ps', '-a')`. */
  cli(...args: string[]): Promise<Answer>
  /** The same on a terminal of 17 rows and 91 columns, by script(1). */
  onTerminal(...args: string[]): Promise<Answer>
  /** The same with something on its standard input. */
  feed(input: string, ...args: string[]): Promise<Answer>
  /** `run --rm` of a shell script in the busybox image. */
  run(flags: readonly string[], script: string): Promise<Answer>
  /** `run -d`: the container's name. */
  start(flags: readonly string[], ...command: string[]): Promise<string>
  close(): Promise<void>
}

export function openManager(name: 'docker' | 'podman', runtime: string): Promise<Manager> {
  return name === 'docker' ? openDocker(runtime) : openPodman(runtime)
}

async function openDocker(runtime: string): Promise<Manager> {
  const directory = await mkdtemp(join(tmpdir(), 'lc-docker-'))
  const parent = `/${directory.split('/').at(-1)}`
  const at = (path: string) => join(directory, path)
  const socket = `unix://${at('socket')}`
  const daemon: ChildProcess = spawn(
    'dockerd',
    [
      ...['--host', socket, '--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid')],
      ...['--bridge', 'none', '--iptables=false', '--ip6tables=false', '--storage-driver', 'vfs'],
      ...['--add-runtime', `tested=${runtime}`, '--default-runtime', 'tested', '--cgroup-parent', parent],
    ],
    { stdio: 'ignore' },
  )
  const env = { DOCKER_HOST: socket, DOCKER_CONFIG: directory }
  await until(async () => (await execa('docker', ['version'], { env, reject: false })).exitCode === 0)
  return manager('docker', directory, ['docker'], env, [], async () => {
    const ended = new Promise((resolve) => daemon.once('exit', resolve))
    daemon.kill()
    await ended
    await removeCgroups(parent)
  })
}

async function openPodman(runtime: string): Promise<Manager> {
  const directory = await mkdtemp(join(tmpdir(), 'lc-podman-'))
  const parent = `/${directory.split('/').at(-1)}`
  const at = (path: string) => join(directory, path)
  for (const name of ['tmp', 'volumes']) mkdirSync(at(name))
  // Locks in files: those in /dev/shm would be shared with the machine's own podman.
  // Limits: podman asks for a million open files, which takes CAP_SYS_RESOURCE.
  await writeFile(
    at('containers.conf'),
    `[engine]
lock_type = "file"
events_logger = "none"
cgroup_manager = "cgroupfs"
tmp_dir = "${at('tmp')}"
static_dir = "${at('static')}"
volume_path = "${at('volumes')}"
runtime_supports_json = ["runc", "crun", "tocker-runtime"]
image_copy_tmp_dir = "${at('tmp')}"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
cgroupns = "private"
log_driver = "k8s-file"
`,
  )
  const options = [
    '--root',
    at('root'),
    '--runroot',
    at('run'),
    '--storage-driver',
    'vfs',
    '--runtime',
    runtime,
  ]
  const env = { CONTAINERS_CONF: at('containers.conf'), TMPDIR: at('tmp') }
  return manager('podman', directory, ['podman', ...options], env, ['--cgroup-parent', parent], async () => {
    await execa('podman', [...options, 'rm', '--all', '--force', '--time', '0'], { env, reject: false })
    await removeCgroups(parent)
  })
}

async function manager(
  name: Manager['name'],
  directory: string,
  command: readonly string[],
  env: Record<string, string>,
  runFlags: readonly string[],
  end: () => Promise<void>,
): Promise<Manager> {
  const [program = '', ...first] = command
  const call = async (file: string, args: readonly string[], input = ''): Promise<Answer> => {
    const { exitCode, stdout, stderr } = await execa(file, args, {
      env,
      // conmon leaves a file named oom where it was started, once the killer has struck.
      cwd: directory,
      reject: false,
      ...(input === '' ? { stdin: 'ignore' } : { input }),
      timeout: 60_000,
    })
    return { status: exitCode ?? -1, stdout, stderr }
  }
  const cli = (...args: string[]) => call(program, [...first, ...args])
  const common = ['--network', 'none', ...runFlags]
  await importImage(directory, cli)
  return {
    name,
    directory,
    flags: common,
    cli,
    feed: (input, ...args) => call(program, [...first, ...args], input),
    onTerminal: (...args) => {
      const line = ['stty rows 17 cols 91;', ...[...command, ...args].map(quoted)].join(' ')
      return call('script', ['-qec', line, '/dev/null'])
    },
    run: (flags, script) => cli('run', '--rm', ...common, ...flags, 'box', 'sh', '-c', script),
    start: async (flags, ...args) => {
      const { status, stdout, stderr } = await cli('run', '-d', ...common, ...flags, 'box', ...args)
      if (status !== 0) throw new Error(stderr)
      return stdout.trim()
    },
    close: async () => {
      if (name === 'docker') {
        const all = (await cli('ps', '-aq')).stdout.split('\n').filter(Boolean)
        if (all.length > 0) await cli('rm', '--force', ...all)
      }
      await end()
      await rm(directory, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

/** The busybox root filesystem, as an image. */
async function importImage(directory: string, cli: Manager['cli']): Promise<void> {
  const [rootfs, archive] = [join(directory, 'rootfs'), join(directory, 'box.tar')]
  await makeRootfs(rootfs)
  await execa('tar', ['-C', rootfs, '-cf', archive, '.'])
  const { status, stderr } = await cli('import', archive, 'box')
  if (status !== 0) throw new Error(stderr)
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

async function until(happened: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await happened()); tries++) {
    if (tries > 150) throw new Error('dockerd does not answer')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Managers leave the parents of their containers' cgroups; a conmon may still be on its way out of one. */
async function removeCgroups(parent: string): Promise<void> {
  const remove = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (entry.isDirectory()) remove(join(path, entry.name))
    rmdirSync(path)
  }
  for (const path of cgroupRoots().map((root) => join(root, parent)))
    for (let tries = 0; existsSync(path); tries++) {
      try {
        remove(path)
      } catch (error) {
        if (tries > 100) throw error
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
}

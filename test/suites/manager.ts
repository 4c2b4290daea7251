// Real managers on a runtime: a dockerd of its own, and podman with a store of its own.
// Nothing of theirs outlives close(): no daemon, no mount, no cgroup, no file.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { makeRootfs } from './bundle.ts'
import { bindSubordinate, reachable, user } from './rootless.ts'
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

/** Who is asked: podman also as a user without rights, with ids of its own by newuidmap(1). */
export type Kind = 'docker' | 'podman' | 'podman without root'

export function openManager(kind: Kind, runtime: string): Promise<Manager> {
  return kind === 'docker' ? openDocker(runtime) : openPodman(runtime, kind === 'podman without root')
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

async function openPodman(runtime: string, rootless: boolean): Promise<Manager> {
  const directory = await mkdtemp(join(tmpdir(), 'lc-podman-'))
  const parent = `/${directory.split('/').at(-1)}`
  const at = (path: string) => join(directory, path)
  for (const name of ['tmp', 'volumes', 'xdg']) mkdirSync(at(name))
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
    rootless ? await runtimeOfUser(runtime, directory) : runtime,
  ]
  const env = { CONTAINERS_CONF: at('containers.conf'), TMPDIR: at('tmp') }
  if (rootless) return rootlessPodman(directory, options, env)
  return manager('podman', directory, ['podman', ...options], env, ['--cgroup-parent', parent], async () => {
    await execa('podman', [...options, 'rm', '--all', '--force', '--time', '0'], { env, reject: false })
    await removeCgroups(parent)
  })
}

/** One program, as podman wants it. */
async function runtimeOfUser(runtime: string, directory: string): Promise<string> {
  const path = join(directory, basename(runtime))
  await writeFile(path, `#!/bin/sh\nexec ${await reachable(runtime, directory)} "$@"\n`, { mode: 0o755 })
  return path
}

/** No cgroup parent: on cgroup v1, or where none was delegated, podman itself does without. */
async function rootlessPodman(
  directory: string,
  options: readonly string[],
  env: Record<string, string>,
): Promise<Manager> {
  const at = (path: string) => join(directory, path)
  await writeFile(at('subordinate'), `${user}:200000:65536\n`)
  const become = `${bindSubordinate(at('subordinate'))}
mount --make-rshared /
exec setpriv --reuid ${user} --regid ${user} --clear-groups podman "$@"`
  await execa('chown', ['-R', `${user}:${user}`, directory])
  const command = ['unshare', '--mount', 'sh', '-c', become, 'sh', ...options]
  const own = { ...env, HOME: directory, XDG_RUNTIME_DIR: at('xdg') }
  return manager('podman', directory, command, own, [], async () => {
    const [program = '', ...first] = command
    await execa(program, [...first, 'rm', '--all', '--force', '--time', '0'], { env: own, reject: false })
    // The process that keeps the user namespace between two commands, and nothing else.
    for (const file of readdirSync(directory, { recursive: true, encoding: 'utf8' }))
      if (basename(file) === 'pause.pid') process.kill(Number(readFileSync(at(file), 'utf8')))
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
      timeout: 150_000,
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
  await execa('tar', ['-C', rootfs, '--owner=0', '--group=0', '-cf', archive, '.'])
  const { status, stderr } = await cli('import', archive, 'box')
  if (status !== 0) throw new Error(stderr)
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

async function until(happened: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await happened()); tries++) {
    if (tries > 600) throw new Error('dockerd does not answer')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Managers leave the parents of their containers' cgroups; a conmon may still be on its way out of one. */
export async function removeCgroups(parent: string): Promise<void> {
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
        if (tries > 400) throw error
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
}

// Bundles and containers for the tests of an OCI runtime: whichever program
// TOCKER_RUNTIME names (ours when it names none) is driven by runc's command line.
//
// runtime.md calls a directory with config.json and a root filesystem a bundle. Each
// test gets one of its own; what it made is deleted after it, whatever it did.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { baseConfig, type Json, merge } from './bundle-config.ts'

export interface Result {
  status: number
  stdout: string
  stderr: string
}
export interface CallOptions {
  /** What the program finds as descriptors 3, 4, … */
  descriptors?: readonly number[]
  /** The first of them passed as systemd does it: LISTEN_FDS, LISTEN_PID, sd_listen_fds(3). */
  listenFds?: number
  /** Told as soon as it runs. */
  started?: (child: ChildProcess) => void
}

/** What `state` says: runtime.md, "State". */
export interface State {
  ociVersion: string
  id: string
  status: 'creating' | 'created' | 'running' | 'stopped' | 'paused'
  pid?: number
  bundle: string
  annotations?: Record<string, string>
}

const runtimeProgram = process.env.TOCKER_RUNTIME ?? join(packageRoot(), 'engine/libcontainer/tocker-runtime')

export class Runtime {
  readonly program: string
  readonly directory: string
  /** runc's --root: where the states lie. */
  readonly root: string
  private readonly template: string
  private containers: Container[] = []

  private constructor(program: string, directory: string) {
    this.program = program
    this.directory = directory
    this.root = join(directory, 'state')
    this.template = join(directory, 'rootfs')
  }

  static async open(program: string = runtimeProgram): Promise<Runtime> {
    const runtime = new Runtime(program, await mkdtemp(join(tmpdir(), 'lc-oci-')))
    // Root of a user namespace is another user here, and has to get through.
    await chmod(runtime.directory, 0o755)
    await makeRootfs(runtime.template)
    return runtime
  }

  /** The same directory and states, by another program. */
  as(program: string): Runtime {
    return new Runtime(program, this.directory)
  }

  /** runc, crun or tocker-runtime: known differences go by it. */
  get kind(): string {
    return basename(this.program)
  }

  /** Runs one of the runtime's commands to its end. Its output goes to files: a container may hold them open. */
  async call(args: readonly string[], options: CallOptions = {}): Promise<Result> {
    const path = join(this.directory, `call-${randomBytes(4).toString('hex')}`)
    try {
      return await this.callInto(path, args, options)
    } finally {
      for (const name of ['out', 'err']) await rm(`${path}.${name}`, { force: true })
    }
  }

  /** The same, and the files stay: `path`.out, `path`.err. */
  async callInto(path: string, args: readonly string[], options: CallOptions = {}): Promise<Result> {
    const [out = 1, err = 2] = ['out', 'err'].map((name) => openSync(`${path}.${name}`, 'w'))
    // The shell's PID is the runtime's after exec.
    const listen = ['-c', `LISTEN_FDS=${options.listenFds} LISTEN_PID=$$ exec "$0" "$@"`, this.program]
    const [program, prefix] = options.listenFds ? ['sh', listen] : [this.program, []]
    try {
      const child = spawn(program, [...prefix, '--root', this.root, ...args], {
        stdio: ['ignore', out, err, ...(options.descriptors ?? [])],
        cwd: this.directory,
      })
      options.started?.(child)
      const status = await new Promise<number>((resolve, reject) => {
        child.once('error', reject)
        child.once('exit', (code) => resolve(code ?? -1))
      })
      const [stdout = '', stderr = ''] = await Promise.all(
        ['out', 'err'].map((name) => readFile(`${path}.${name}`, 'utf8')),
      )
      return { status, stdout, stderr }
    } finally {
      closeSync(out)
      closeSync(err)
    }
  }

  /** A bundle with a container's name; nothing is created yet. */
  async container(overrides: Json = {}): Promise<Container> {
    const id = `lc-${randomBytes(6).toString('hex')}`
    const bundle = join(this.directory, id)
    await mkdir(bundle)
    // Hard links: three hundred names for one busybox cost a few milliseconds.
    await execa('cp', ['-al', this.template, join(bundle, 'rootfs')])
    const container = new Container(this, id, bundle)
    this.containers.push(container)
    await container.configure(overrides)
    return container
  }

  /** `run` in the foreground: the command's own output and status. A string is a shell script. */
  async run(command: string | readonly string[], overrides: Json = {}): Promise<Result> {
    const container = await this.container(
      merge(overrides, { process: { args: typeof command === 'string' ? ['sh', '-c', command] : command } }),
    )
    return this.call(['run', '--bundle', container.bundle, container.id])
  }

  /** After each test. */
  async clean(): Promise<void> {
    const done = this.containers.splice(0)
    for (const container of done) {
      if (existsSync(join(this.root, container.id))) await this.call(['delete', '--force', container.id])
      await rm(container.bundle, { recursive: true, force: true })
    }
  }

  /** After all tests. */
  async close(): Promise<void> {
    await this.clean()
    await rm(this.directory, { recursive: true, force: true })
  }
}

export class Container {
  readonly id: string
  readonly bundle: string
  private readonly runtime: Runtime

  constructor(runtime: Runtime, id: string, bundle: string) {
    this.runtime = runtime
    this.id = id
    this.bundle = bundle
  }

  /** Writes config.json: the base, with what the test wants otherwise. */
  async configure(overrides: Json): Promise<void> {
    await this.write(merge(baseConfig(this.id), overrides))
  }

  async write(config: Json): Promise<void> {
    await writeFile(join(this.bundle, 'config.json'), JSON.stringify(config))
  }

  async config(): Promise<Json> {
    return JSON.parse(await readFile(join(this.bundle, 'config.json'), 'utf8'))
  }

  /** The container's own output lands beside its bundle: see output(). */
  create(flags: readonly string[] = [], options: CallOptions = {}): Promise<Result> {
    const args = ['create', '--bundle', this.bundle, ...flags, this.id]
    return this.runtime.callInto(join(this.bundle, 'std'), args, options)
  }

  /** create and start, both of which must succeed. */
  async launch(flags: readonly string[] = [], options: CallOptions = {}): Promise<State> {
    const created = await this.create(flags, options)
    if (created.status !== 0) throw new Error(`create: ${created.stderr}`)
    const started = await this.start()
    if (started.status !== 0) throw new Error(`start: ${started.stderr}${await this.output('err')}`)
    return this.state()
  }

  start(): Promise<Result> {
    return this.runtime.call(['start', this.id])
  }
  kill(signal = 'KILL', ...flags: string[]): Promise<Result> {
    return this.runtime.call(['kill', ...flags, this.id, signal])
  }
  delete(...flags: string[]): Promise<Result> {
    return this.runtime.call(['delete', ...flags, this.id])
  }
  /** `exec` of a shell script, or of a command. */
  exec(command: string | readonly string[], flags: readonly string[] = [], options: CallOptions = {}) {
    const args = typeof command === 'string' ? ['sh', '-c', command] : command
    return this.runtime.call(['exec', ...flags, this.id, ...args], options)
  }

  async state(): Promise<State> {
    const { status, stdout, stderr } = await this.runtime.call(['state', this.id])
    if (status !== 0) throw new Error(`state: ${stderr}`)
    return JSON.parse(stdout)
  }

  async status(): Promise<string> {
    return (await this.state()).status
  }

  output(name: 'out' | 'err' = 'out'): Promise<string> {
    return readFile(join(this.bundle, `std.${name}`), 'utf8')
  }
}

/** As `tocker rootfs` makes it: one static program that is three hundred commands. */
export async function makeRootfs(target: string): Promise<void> {
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path))
  if (!busybox) throw new Error("busybox is not installed: run 'apt-get install busybox-static'")
  for (const path of ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'tmp'])
    await mkdir(join(target, path), { recursive: true })
  await copyFile(busybox, join(target, 'bin/busybox'))
  const { stdout } = await execa(busybox, ['--list'])
  for (const name of stdout.split('\n'))
    if (name !== 'busybox') await symlink('busybox', join(target, 'bin', name))
  await writeFile(
    join(target, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  )
  await writeFile(join(target, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n')
}

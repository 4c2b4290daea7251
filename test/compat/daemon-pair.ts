// tockerd and Debian's dockerd side by side, with the same image, and one
// line of shell said to either of them. What must differ between two daemons, as ids and
// times do, is written the same way before it is compared.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { makeRootfs } from '../suites/bundle.ts'
import { type Dockerd, openDockerd } from '../suites/dockerd.ts'
import { removeCgroups } from '../suites/manager.ts'
import { Tockerd } from '../suites/tockerd.ts'
import { TwoHosts } from '../suites/two-hosts.ts'

export interface Said {
  status: number
  stdout: string
  stderr: string
}

/** In front of every line; what these are for stands in daemon-cases.ts. */
const words = `
run() { docker run --network none "$@"; }
create() { docker create --network none "$@"; }
tty() { script -qec "$*" /dev/null; }
`

interface Side {
  readonly environment: Readonly<Record<string, string>>
  /** Where its lines run, a directory for each case. */
  readonly work: string
  /** Paths that only this one has. */
  readonly roots: readonly string[]
  /** Gets a line with the verb for each time that docker is called. */
  readonly calls: string
}

/** Stands before docker in the path, for whatever calls it: a line of shell, script(1), timeout(1). */
const counted = `#!/bin/sh
echo "$1 $2" >> "$CALLS"
PATH=\${PATH#*:} exec docker "$@"
`

export class Pair implements AsyncDisposable {
  readonly #directory: string
  readonly #tockerd: Tockerd
  readonly #dockerd: Dockerd
  readonly #sides: Side[]

  readonly #hosts: readonly Disposable[]

  private constructor(
    directory: string,
    tockerd: Tockerd,
    dockerd: Dockerd,
    sides: Side[],
    hosts: readonly Disposable[],
  ) {
    this.#directory = directory
    this.#hosts = hosts
    this.#tockerd = tockerd
    this.#dockerd = dockerd
    this.#sides = sides
  }

  /** @param hosts for networks: each has a host of its own; without, they are on this one, and have none @param flags for both @param mounts path of their mount namespace */
  static async open(
    hosts: 'own' | 'none' = 'none',
    flags: readonly string[] = [],
    mounts?: string,
  ): Promise<Pair> {
    const directory = mkdtempSync(join(tmpdir(), 'lc-pair-'))
    chmodSync(directory, 0o711)
    const at = (path: string): string => join(directory, path)
    const [ourHost, theirHost] = hosts === 'own' ? [new TwoHosts(), new TwoHosts()] : []
    const cgroup = ['--cgroup-parent', `/${basename(directory)}`]
    const dockerd = await openDockerd(at('d'), 'vfs', [...cgroup, ...flags], theirHost?.path, mounts)
    const tockerd = await Tockerd.open([...flags], ourHost?.path, mounts)
    mkdirSync(at('config'))
    mkdirSync(at('bin'))
    writeFileSync(at('bin/docker'), counted, { mode: 0o755 })
    const sides = [
      {
        environment: { ...tockerd.environment },
        work: at('work-t'),
        roots: [join(tockerd.directory, 'root'), join(tockerd.directory, 'exec')],
        calls: at('calls-t'),
      },
      {
        environment: { DOCKER_HOST: dockerd.socket, DOCKER_CONFIG: at('config') },
        work: at('work-d'),
        roots: [at('d/data'), at('d/exec')],
        calls: at('calls-d'),
      },
    ]
    const pair = new Pair(
      directory,
      tockerd,
      dockerd,
      sides,
      [ourHost, theirHost].filter((one) => one !== undefined),
    )
    await makeRootfs(at('rootfs'))
    execFileSync('tar', ['-C', at('rootfs'), '--owner=0', '--group=0', '-cf', at('box.tar'), '.'])
    await tockerd.ok('rmi', 'busybox')
    for (const { status, stderr } of await pair.say(
      '',
      '',
      `docker import -c 'CMD ["sh"]' ${at('box.tar')} box`,
    ))
      if (status !== 0) throw new Error(stderr)
    return pair
  }

  /** @param name what `$N` is @returns tockerd's answer and dockerd's */
  say(where: string, name: string, line: string): Promise<[Said, Said]> {
    const path = `${join(this.#directory, 'bin')}:${process.env.PATH}`
    const [ours, theirs] = this.#sides.map((side) => say(side, path, where, name, line))
    if (ours === undefined || theirs === undefined) throw new Error('a pair has two sides')
    return Promise.all([ours, theirs])
  }

  /**
   * All lines, whatever comes of one: a difference in the first says nothing of the others.
   * @param known lines that differ, and why
   * @returns by line what either said, and known differences that are none any more
   */
  async compare(
    name: string,
    lines: readonly string[],
    known: Readonly<Record<string, string>>,
  ): Promise<{ ours: Record<string, Said>; theirs: Record<string, Said>; agreed: string[] }> {
    const [ours, theirs]: [Record<string, Said>, Record<string, Said>] = [{}, {}]
    const agreed: string[] = []
    for (const [index, line] of lines.entries()) {
      const [mine, other] = await this.say(name, name, line)
      if (!Object.hasOwn(known, line)) [ours[`${index} ${line}`], theirs[`${index} ${line}`]] = [mine, other]
      else if (isSame(mine, other)) agreed.push(line)
    }
    await this.forget(name)
    return { ours, theirs, agreed }
  }

  /** The first two words of each call of docker so far, with tockerd; with dockerd they are as many. */
  calls(): string[] {
    return readFileSync(this.#sides[0]?.calls ?? '', 'utf8')
      .trimEnd()
      .split('\n')
  }

  /** Everything that a case has left, and that it was right to leave. */
  async forget(name: string): Promise<void> {
    await this.say('', name, 'ids=$(docker ps -aq --filter name=^/?$N); [ -z "$ids" ] || docker rm -fv $ids')
  }

  /** Whatever one step says, the next ones are done: a daemon's mistakes leave nothing of the other. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using steps = new AsyncDisposableStack()
    steps.defer(() => rmSync(this.#directory, { recursive: true, force: true, maxRetries: 3 }))
    for (const host of this.#hosts) steps.use(host)
    steps.defer(() => removeCgroups(`/${basename(this.#directory)}`))
    steps.defer(() => {
      for (const path of this.#mounts()) execFileSync('umount', ['--lazy', path])
    })
    steps.defer(() => this.#endDockerd())
    steps.use(this.#tockerd)
    await this.say('', '', 'ids=$(docker ps -aq); [ -z "$ids" ] || docker rm -fv $ids')
  }

  async #endDockerd(): Promise<void> {
    try {
      await this.#dockerd[Symbol.asyncDispose]()
    } catch (error) {
      // The namespace of host networking stays mounted.
      if (this.#mounts().length === 0) throw error
    }
  }

  #mounts(): string[] {
    return readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
      .filter((path) => path.startsWith(`${this.#directory}/`))
  }
}

function isSame(one: Said, other: Said): boolean {
  return one.status === other.status && one.stdout === other.stdout && one.stderr === other.stderr
}

async function say(side: Side, path: string, where: string, name: string, line: string): Promise<Said> {
  const cwd = join(side.work, where)
  mkdirSync(cwd, { recursive: true })
  const { exitCode, stdout, stderr, signal } = await execa(
    'timeout',
    ['--signal=KILL', '30', 'sh', '-c', `${words}${line}`],
    {
      ...{ cwd, stdin: 'ignore', reject: false, stripFinalNewline: false },
      env: { ...side.environment, N: name, PATH: path, CALLS: side.calls },
    },
  )
  if (exitCode === undefined) throw new Error(`${line}: ended by ${signal}`)
  const plain = (text: string): string => alike(text, [...side.roots, side.work])
  return { status: exitCode, stdout: plain(stdout), stderr: plain(stderr) }
}

const rules: readonly [RegExp, string | ((found: string) => string)][] = [
  [/\b[0-9a-f]{64}\b/g, '<id>'],
  [/\b[0-9a-f]{12}\b/g, '<id>'],
  // The year 1 is how Go says never, and is compared.
  [/\b[^0]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, '<time>'],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} \w+/g, '<time>'],
  [/(Less than a second|About an? (minute|hour)|\d+ (seconds?|minutes?|hours?))( ago)?/g, '<while>'],
  // Who names the runtime's error, and how, is each version's own.
  [
    /failed to create (shim task|task for container): (OCI runtime create failed: runc create failed: )?(unable to start container process: )?/g,
    'runtime: ',
  ],
  // Errors began with a capital once.
  [/(?<=daemon: )[A-Z](?=[a-z])/gm, (letter) => letter.toLowerCase()],
  [/: unknown(\.?)$/gm, ''],
  // Where a container's files are, which later ones do not tell.
  [/<root>\/vfs\/dir\/<id>/g, ''],
  // The client's own, of an archive that it gave up while it was writing: it may be done first.
  [/^time="<time>" level=error msg="Can't (add file|close tar writer).*\n/gm, ''],
  [/(Docker|docker)-import-\d+/g, '<file>'],
  // Columns are as wide as what stands in them.
  [/ {2,}/g, '  '],
  [/ +$/gm, ''],
]

/** What differs between any two daemons, and any two runs, in one spelling. */
function alike(text: string, roots: readonly string[]): string {
  const named = roots.reduce((all, root) => all.replaceAll(root, '<root>'), text)
  return rules.reduce(
    (all, [pattern, by]) => (typeof by === 'string' ? all.replace(pattern, by) : all.replace(pattern, by)),
    named,
  )
}

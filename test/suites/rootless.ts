// The runtime as a user without any right on this machine: `nobody`, by setpriv(1).
//
// The tests stay root, since they have to become that user, and to give it what a host
// may give its users: a directory, a piece of the cgroup tree, a line in /etc/subuid.
import { chmod, copyFile, cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import flags from '../../engine/libcontainer/node-flags.json' with { type: 'json' }
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { type Container, type Result, Runtime } from './bundle.ts'
import { type Json, merge } from './bundle-config.ts'

export const user = 65534

/**
 * A clone may lie in root's home, where nobody else gets in: our runtime is copied out of it, with its Node.
 * @returns the command line that runs it from `directory`; any other program is left where it is
 */
export async function reachable(program: string, directory: string): Promise<string> {
  if (process.env.TOCKER_RUNTIME || !program.endsWith('tocker-runtime')) return program
  await execa(program, ['--version']) // makes the bundle fresh, which the user could not
  await cp(join(packageRoot(), 'dist/engine'), join(directory, 'engine'), { recursive: true })
  await copyFile(process.execPath, join(directory, 'node'))
  return [join(directory, 'node'), ...flags, join(directory, 'engine/tocker-runtime.cjs')].join(' ')
}

/** Shell: from here on `file` is /etc/subuid and /etc/subgid. In a mount namespace, the machine's own stay as they are. */
export const bindSubordinate = (file: string): string =>
  ['subuid', 'subgid'].map((name) => `mount --bind ${file} /etc/${name}`).join('\n')

export interface Surroundings {
  /** Cgroups that the caller is in: directories. */
  cgroups?: readonly string[]
  /** Root of a user namespace, as podman makes one around all that it runs. */
  inside?: boolean
  /** /etc/subuid and /etc/subgid as the runtime finds them: `first:count`. */
  subordinate?: string
}

export class Rootless {
  readonly runtime: Runtime
  /** XDG_RUNTIME_DIR. */
  readonly own: string
  readonly #surroundings: string

  private constructor(runtime: Runtime, own: string, around: string) {
    this.runtime = runtime
    this.own = own
    this.#surroundings = around
  }

  static async open(program?: string): Promise<Rootless> {
    const inner = await Runtime.open(program)
    const [own, around] = [join(inner.directory, 'run'), join(inner.directory, 'around')]
    await mkdir(own)
    await writeFile(around, '')
    // Named as the program that it becomes: known differences go by the name.
    const wrapper = join(inner.directory, inner.kind)
    await writeFile(
      wrapper,
      `#!/bin/sh
XDG_RUNTIME_DIR=${own} HOME=${own}
export XDG_RUNTIME_DIR HOME
. ${around}
exec setpriv --reuid ${user} --regid ${user} --clear-groups $inside ${await reachable(inner.program, inner.directory)} "$@"
`,
    )
    await chmod(wrapper, 0o755)
    await execa('chown', ['-R', `${user}:${user}`, inner.directory])
    return new Rootless(inner.as(wrapper), own, around)
  }

  /** For the calls to come. The wrapper runs it as root, so cgroups may be entered. */
  async around({ cgroups = [], inside, subordinate }: Surroundings): Promise<void> {
    const lines = cgroups.map((path) => `echo $$ > ${path}/cgroup.procs`)
    lines.push(`inside='${inside ? 'unshare --user --map-root-user --mount' : ''}'`)
    if (subordinate !== undefined) {
      const file = join(this.runtime.directory, 'subordinate')
      await writeFile(file, `${user}:${subordinate}\n`)
      // In a mount namespace that ends with the call: the machine's own files stay as they are.
      lines.push(`[ "$bound" ] || bound=1 exec unshare --mount env bound=1 "$0" "$@"`, bindSubordinate(file))
    }
    await writeFile(this.#surroundings, lines.join('\n'))
  }

  /** A bundle with what `spec --rootless` writes, and what the test wants otherwise. */
  async container(overrides: Json = {}): Promise<Container> {
    const container = await this.runtime.container()
    await execa('chown', [`${user}:${user}`, container.bundle])
    await execa('rm', [join(container.bundle, 'config.json')])
    const { status, stderr } = await this.runtime.call(['spec', '--rootless', '--bundle', container.bundle])
    if (status !== 0) throw new Error(stderr)
    const base = merge(await container.config(), {
      process: { terminal: false, args: ['sleep', '1000'] },
      root: { readonly: false },
    })
    await container.write(merge(base, overrides))
    return container
  }

  async run(script: string, overrides: Json = {}): Promise<Result> {
    const container = await this.container(merge(overrides, { process: { args: ['sh', '-c', script] } }))
    return this.runtime.call(['run', '--bundle', container.bundle, container.id])
  }
}

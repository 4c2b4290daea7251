// Which exec driver runs a container: one for each runtime, made when it is first asked for.
//
// The native one keeps an init ready, in a cgroup that is named after an id which we make
// up. When we are killed the init ends by itself, and its cgroup stays, empty: so its
// paths are written down before it is made, and the next supervisor removes it.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { ExecDriver } from '../../drivers/exec/driver.ts'
import { LxcDriver } from '../../drivers/exec/lxc.ts'
import { NativeDriver } from '../../drivers/exec/native.ts'
import { OciDriver } from '../../drivers/exec/oci.ts'
import { Reaper } from '../../drivers/exec/reaper.ts'
import type { Cgroup } from '../../libcontainer/cgroups/cgroup.ts'
import { fromPaths, openCgroup } from '../../libcontainer/cgroups/open.ts'
import { removeDirectory } from '../../syscalls/file.ts'
import type { RuntimeChoice } from './protocol.ts'
import { namesIn } from './records.ts'

export interface DriversOptions {
  /** The exec-root. */
  directory: string
  /** Command line that becomes init. */
  init: readonly [string, ...string[]]
  /** Cgroup in which those of containers are: `/tocker`. */
  cgroupParent: string
  onWarning: (line: string) => void
}

export class Drivers implements Disposable {
  readonly #options: DriversOptions
  readonly #reaper = new Reaper()
  readonly #native: NativeDriver
  readonly #runtimes = new Map<string, ExecDriver>()

  constructor(options: DriversOptions) {
    this.#options = options
    const { directory, init, onWarning } = options
    this.#forgetReservations()
    this.#native = new NativeDriver({
      ...{ init, onWarning },
      root: join(directory, 'native'),
      reaper: this.#reaper,
      reserve: () => this.#reserve(),
    })
  }

  of(choice: RuntimeChoice): ExecDriver {
    if (choice === 'native') return this.#native
    const key = JSON.stringify(choice)
    const { name, program, args } = choice
    const found = this.#runtimes.get(key)
    if (found) return found
    const made = this.#open(name, program, args)
    this.#runtimes.set(key, made)
    return made
  }

  /** Every program has runc's command line, but lxc-start, which has its own. */
  #open(name: string, program: string, args: readonly string[] = []): ExecDriver {
    const { directory, init, onWarning } = this.#options
    const [place, reaper] = [join(directory, 'runtimes', name), this.#reaper]
    return basename(program) === 'lxc-start'
      ? new LxcDriver({ root: place, program, init, reaper, onWarning })
      : new OciDriver({ name, program, args, directory: place, reaper })
  }

  get native(): ExecDriver {
    return this.#native
  }

  /** An id for which an init waits; undefined when none does just now. */
  reservedId(): string | undefined {
    return this.#native.reservedId()
  }

  get #reservations(): string {
    return join(this.#options.directory, 'reserved')
  }

  #reserve(): { id: string; cgroup: Cgroup } {
    // Of what is gone, or a container's by now, no note is needed any more.
    for (const id of namesIn(this.#reservations))
      if (this.#isContainer(id) || !Object.values(this.#pathsOf(id)).some((path) => existsSync(path)))
        this.#drop(id)
    const id = randomBytes(32).toString('hex')
    const cgroup = openCgroup(`${this.#options.cgroupParent}/${id}`, id, { systemd: false, rootless: false })
    mkdirSync(this.#reservations, { recursive: true, mode: 0o700 })
    writeFileSync(join(this.#reservations, id), JSON.stringify(cgroup.paths))
    return { id, cgroup }
  }

  /** None for half a note: its cgroup was not made yet. */
  #pathsOf(id: string): Record<string, string> {
    try {
      return JSON.parse(readFileSync(join(this.#reservations, id), 'utf8'))
    } catch {
      return {}
    }
  }

  /** The driver has it, and takes its cgroup away. That the supervisor was asked for it is not enough: such a start may fail first. */
  #isContainer(id: string): boolean {
    return existsSync(join(this.#options.directory, 'native', id))
  }

  #drop(id: string): void {
    rmSync(join(this.#reservations, id), { force: true })
  }

  /** Cgroups in which an init of a killed supervisor waited, or one whose cgroup would not go when it ended. */
  #forgetReservations(): void {
    for (const id of namesIn(this.#reservations)) {
      // Then it is its driver's.
      if (this.#isContainer(id)) continue
      const paths = this.#pathsOf(id)
      if (Object.keys(paths).length > 0) fromPaths(paths).remove()
      this.#drop(id)
    }
  }

  [Symbol.dispose](): void {
    this.#native[Symbol.dispose]()
    for (const runtime of this.#runtimes.values()) runtime[Symbol.dispose]()
    this.#reaper[Symbol.dispose]()
    this.#forgetReservations()
    rmSync(this.#reservations, { recursive: true, force: true })
    this.#leaveParent()
  }

  /** Our cgroups were in it; somebody else's may be. */
  #leaveParent(): void {
    const { cgroupParent } = this.#options
    // Of a child that there never was: the parent itself is no container's cgroup, and is refused as one.
    const { paths: children } = openCgroup(`${cgroupParent}/none`, 'none', {
      systemd: false,
      rootless: false,
    })
    const paths = Object.fromEntries(Object.entries(children).map(([name, path]) => [name, dirname(path)]))
    for (const path of Object.values(paths)) {
      try {
        removeDirectory(path)
      } catch {
        // EBUSY: there are others in it. ENOENT: there was none.
      }
    }
  }
}

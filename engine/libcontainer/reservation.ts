// A container's cgroup, made before the container is asked for, with an init
// inside that waits. To move a process into a cgroup takes 5 to 15 ms now and then
// (cgroups/prime.ts); a cgroup of v2 cannot be renamed. So the id, which names the
// cgroup, is given out ahead: whoever makes ids up anyway, as a daemon does, takes
// one for which everything is in place.
//
// It is made when init is ready, and init goes in: what that allocates while it starts
// and rehearses would be charged to the container, and a small memory.max would meet a
// cgroup that is full already. An init that is taken before it is ready has none: its
// container has an id by then.
//
// Called by warm.ts. Next: engine/libcontainer/create.ts
import type { Cgroup } from './cgroups/cgroup.ts'
import { primeMoves } from './cgroups/prime.ts'

/** Until moves are cheap, at the most. */
const patience = 25

export class Reservation implements Disposable {
  readonly id: string
  readonly cgroup: Cgroup
  readonly #pid: number
  #inside = false
  /** Ends what enter() has begun. */
  #stop = (): void => {}

  /** Makes the cgroup. @throws EngineError as Cgroup.make() does */
  constructor(pid: number, { id, cgroup }: { id: string; cgroup: Cgroup }) {
    cgroup.make()
    this.#pid = pid
    this.id = id
    this.cgroup = cgroup
  }

  /** Whether init is in there: only then is the id worth anything. */
  get inside(): boolean {
    return this.#inside
  }

  /** Puts init in, as soon as that does not hold the caller up. */
  enter(): void {
    const primed = primeMoves()
    const timer = setTimeout(() => {
      this.#stop()
      try {
        this.cgroup.add(this.#pid)
        this.#inside = true
      } catch {
        // ESRCH: it was killed, and whoever looks for an init will see that.
      }
    }, patience).unref()
    this.#stop = () => {
      clearTimeout(timer)
      primed[Symbol.dispose]()
    }
  }

  /** From here on the cgroup is the container's; an init on its way does not go in any more. */
  release(): void {
    this.#stop()
  }

  /** There will be no such container. */
  [Symbol.dispose](): void {
    this.release()
    this.cgroup.remove()
  }
}

// The live views of the step that is open: starts and stops them, and keeps what
// they said, as lines.
//
// Owned by model.ts.
import type { Step } from '../format/lesson.ts'
import type { Player } from '../player/player.ts'
import type { CgroupSample, NamespacesSample } from '../player/watch.ts'
import { cgroupLines, namespacesLines } from './views.ts'

export class LiveViews {
  readonly #player: Player
  readonly #namespaces = new Map<string, NamespacesSample>()
  readonly #cgroups = new Map<string, CgroupSample[]>()
  #watched: string[] = []

  constructor(player: Player) {
    this.#player = player
  }

  /** From now on the views of this step, and no others. */
  watch(step: Step): void {
    for (const id of this.#watched) void this.#player.watch(id, false)
    this.#watched = step.blocks.filter((block) => block.type === 'watch').map((block) => block.id)
    for (const id of this.#watched) void this.#player.watch(id, true)
  }

  add(id: string, sample: NamespacesSample | CgroupSample): void {
    if ('host' in sample) this.#namespaces.set(id, sample)
    else this.#cgroups.set(id, [...(this.#cgroups.get(id) ?? []), sample].slice(-120))
  }

  /** What each view of the step shows now; nothing for one that has not looked yet. */
  lines(columns: number): Record<string, string[]> {
    const found: Record<string, string[]> = {}
    for (const id of this.#watched) {
      const namespaces = this.#namespaces.get(id)
      const history = this.#cgroups.get(id)
      if (namespaces) found[id] = namespacesLines(namespaces, columns)
      else if (history) found[id] = cgroupLines(history, columns)
    }
    return found
  }
}

// The live views of the step that is open: starts and stops them, and keeps what
// they said, as lines.
//
// Owned by model.ts.
import type { Step } from '../format/lesson.ts'
import { languageOf } from '../language/language.ts'
import { viewWords } from '../language/views.ts'
import type { Player } from '../player/player.ts'
import { withSample } from '../player/watch/cgroup-history.ts'
import { type LayersPicture, layersPicture } from '../player/watch/layers-picture.ts'
import { type NetworkPicture, networkPicture } from '../player/watch/network-picture.ts'
import { type Letters, namespaceLetters, processRows } from '../player/watch/process-rows.ts'
import type { CgroupSample, ProcessesSample, Sample } from '../player/watch/samples.ts'
import { cgroupLines } from './views/cgroup.ts'
import { layersLines } from './views/layers.ts'
import { networkLines } from './views/network.ts'
import { namespacesLines, processesLines } from './views/processes.ts'

/** What a view knows besides its last sample. */
type Kept =
  | { view: 'namespaces' | 'processes'; sample: ProcessesSample; letters: Letters }
  | { view: 'cgroup'; history: CgroupSample[] }
  | { view: 'layers'; picture: LayersPicture }
  | { view: 'network'; picture: NetworkPicture }

export class LiveViews {
  readonly #player: Player
  readonly #words = viewWords[languageOf(process.env)]
  readonly #kept = new Map<string, Kept>()
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

  add(id: string, sample: Sample): void {
    const before = this.#kept.get(id)
    if (sample.view === 'cgroup') {
      const history = withSample(before?.view === 'cgroup' ? before.history : [], sample)
      this.#kept.set(id, { view: 'cgroup', history })
    } else if (sample.view === 'layers') {
      const picture = layersPicture(sample, before?.view === 'layers' ? before.picture : undefined)
      this.#kept.set(id, { view: 'layers', picture })
    } else if (sample.view === 'network') {
      const picture = networkPicture(sample, before?.view === 'network' ? before.picture : undefined)
      if (picture) this.#kept.set(id, { view: 'network', picture })
    } else {
      const known = before && 'letters' in before ? before.letters : undefined
      const letters = namespaceLetters(sample, processRows(sample), known)
      this.#kept.set(id, { view: sample.view, sample, letters })
    }
  }

  /** What each view of the step shows now; nothing for one that has not looked yet. */
  lines(columns: number): Record<string, string[]> {
    const found: Record<string, string[]> = {}
    for (const id of this.#watched) {
      const kept = this.#kept.get(id)
      if (kept) found[id] = this.#draw(kept, columns)
    }
    return found
  }

  #draw(kept: Kept, columns: number): string[] {
    if (kept.view === 'cgroup') return cgroupLines(kept.history, columns, this.#words)
    if (kept.view === 'layers') return layersLines(kept.picture, columns, this.#words)
    if (kept.view === 'network') return networkLines(kept.picture, columns, this.#words)
    if (kept.view === 'processes') return processesLines(kept.sample, columns, this.#words)
    return namespacesLines(kept.sample, kept.letters, columns, this.#words)
  }
}

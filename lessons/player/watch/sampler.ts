// Live views: how the sandbox is looked at.
//
// One command runs in the sandbox as long as somebody looks. Between two frames
// it sleeps; everything that it starts costs an emulated machine some 20 ms, so
// a frame is a few processes: one grep for all of /proc, one find for a layer.
// The reading happens here, in pure parsers.
//
// Called by lessons/player/watches.ts.
// Next: lessons/player/watch/processes.ts
import { quote } from '../../../sandbox-vm/quote.ts'
import type { Sandbox } from '../../../sandbox-vm/sandbox.ts'
import type { WatchBlock } from '../../format/lesson.ts'
import { sessionEnvironment } from '../session.ts'
import { CgroupReader } from './cgroup.ts'
import { type Frame, FrameReader } from './frames.ts'
import { LayersReader } from './layers.ts'
import { NetworkReader } from './network.ts'
import { ProcessesReader } from './processes.ts'
import type { Sample } from './samples.ts'

/** What one view asks of the sandbox, and what it makes of the answer. */
export interface ViewReader {
  /** Shell commands for one frame; `$pid` and `$path` are set, records go to standard output. */
  script(): string
  /** Undefined when there is nothing to show yet. */
  read(frame: Frame): Sample | undefined
  /** The script should be another one, from what the last frame said. */
  readonly stale: boolean
}

/** A sandbox keeps all that a command has printed until it ends: so it ends now and then. */
const framesOfOneRun = 60

function readerFor(view: WatchBlock['view']): ViewReader {
  if (view === 'cgroup') return new CgroupReader()
  if (view === 'layers') return new LayersReader()
  if (view === 'network') return new NetworkReader()
  return new ProcessesReader(view)
}

/** Calls back with samples until `signal` aborts. Rejects when the sandbox is lost. */
export async function sample(
  sandbox: Sandbox,
  session: string,
  block: WatchBlock,
  signal: AbortSignal,
  onSample: (sample: Sample) => void,
): Promise<void> {
  const reader = readerFor(block.view)
  while (!signal.aborted) {
    const stale = new AbortController()
    const frames = new FrameReader((frame) => {
      if (stale.signal.aborted) return
      const found = reader.read(frame)
      if (found) onSample(found)
      if (reader.stale) stale.abort()
    })
    await sandbox
      .exec(`sh -c ${quote(loop(block, reader.script()))}`, {
        env: sessionEnvironment(session),
        signal: AbortSignal.any([signal, stale.signal]),
        onStdout: (chunk) => frames.push(chunk),
      })
      .catch((error: unknown) => {
        if (!stale.signal.aborted || signal.aborted) throw error
      })
    // A sandbox where the script cannot even begin is asked no more often than one where it can.
    if (!stale.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 300))
  }
}

/**
 * Arguments are expanded anew for every frame: the shell whose pid is asked for may change.
 * `--- frame` names the loop in the process list, for whoever wonders what runs there.
 */
function loop(block: WatchBlock, script: string): string {
  const assignments = Object.entries(block.args).map(
    ([name, value]) => `${name}="${value.replaceAll('"', '\\"')}" 2>/dev/null`,
  )
  return `: --- frame
export LC_ALL=C
frame=0
while [ $frame -lt ${framesOfOneRun} ]; do
${assignments.join('\n')}
${script}
printf 'end\\0' || exit
frame=$((frame + 1))
sleep 0.7
done`
}

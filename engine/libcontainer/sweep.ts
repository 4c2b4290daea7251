// Containers whose `tocker run` was killed with SIGKILL: nobody was left to take
// away what it had made, so the next one does.
//
// A container in the foreground dies with the one who started it (run.ts), so
// what is left of it is a directory, and a cgroup without processes.
import { EngineError } from '../errors.ts'
import { deleteContainer } from './delete.ts'
import { isAlive } from './process-identity.ts'
import { listIds, loadState } from './state.ts'

/** Deletes, under `root`, all that is stopped and whose maker is gone. */
export async function sweep(root: string, onWarning: (line: string) => void): Promise<void> {
  for (const id of listIds(root)) {
    try {
      const state = loadState(root, id)
      const { creator, init } = state
      if (isAlive(creator) || (init && isAlive(init))) continue
      await deleteContainer(root, state, { onWarning })
    } catch (error) {
      // Another `tocker run` was faster.
      if (error instanceof EngineError && error.kind === 'not-found') continue
      onWarning(`what is left of container ${id}: ${error instanceof Error ? error.message : error}`)
    }
  }
}

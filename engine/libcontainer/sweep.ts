// Containers whose `tocker run` was killed with SIGKILL: nobody was left to take
// away what it had made, so the next one does.
//
// A container in the foreground dies with the one who started it (run.ts), so
// what is left of it is a directory, and a cgroup without processes.
import { deleteContainer } from './delete.ts'
import { isAlive } from './process-identity.ts'
import { listIds, loadState, removeContainerDirectory } from './state.ts'

/** Deletes, under `root`, all that is stopped and whose maker is gone. */
export async function sweep(root: string, onWarning: (line: string) => void): Promise<void> {
  for (const id of listIds(root)) {
    try {
      const state = loadState(root, id)
      const { creator, init } = state
      if (isAlive(creator) || (init && isAlive(init))) continue
      await deleteContainer(root, state, { onWarning })
    } catch (error) {
      // Killed before its first record: then the directory is all there is.
      if (error instanceof Error && 'kind' in error && error.kind === 'not-found')
        removeContainerDirectory(root, id)
      else onWarning(`what is left of container ${id}: ${error instanceof Error ? error.message : error}`)
    }
  }
}

// What a daemon does about containers that were there before it, or before its supervisor.
//
//   records (database) ──┐
//                        ├── reconcile: who runs, who is frozen, who has ended meanwhile
//   supervisor: list  ───┘
//
// Of a container that was running when the last daemon ended there are two stories, its
// record and what the supervisor says. The supervisor was there, so it is believed.
//
// Called by assemble.ts, each time that there is a new supervisor or a new daemon.
// Next: engine/daemon/supervisor/takeover.ts
import { errorLine } from '../errors.ts'
import type { Containers } from './container/containers.ts'
import type { Lifecycle } from './container/lifecycle.ts'
import { happened } from './container/record.ts'
import type { SupervisorClient } from './supervisor/client.ts'
import type { End, Listed } from './supervisor/protocol.ts'

/** What has happened while nobody listened. */
export async function reconcile(
  lifecycle: Lifecycle,
  client: SupervisorClient,
  warn: (line: string) => void,
): Promise<void> {
  const ended = (id: string, end: End): void =>
    void lifecycle.ended(id, end).catch((error: unknown) => warn(`the end of ${id}: ${errorLine(error)}`))
  const { containers } = lifecycle.parts
  // What of one container cannot be put right must not keep the others from their daemon.
  const failed = (id: string) => (error: unknown) =>
    warn(`what is left of container ${id.slice(0, 12)}: ${errorLine(error)}`)
  const forget = (id: string): Promise<void> =>
    client.delete({ container: id, force: true }).catch(failed(id))
  const found = await firstProcesses(client)
  for (const { id, state } of containers.all()) {
    const there = found.get(id)
    found.delete(id)
    if (state.pid === 0) {
      // Made ready when the daemon was killed: no record says that it was started.
      if (there !== undefined) await forget(id)
      continue
    }
    const lost = { status: 255, oomKilled: false, at: new Date().toISOString() }
    if (there === undefined) ended(id, lost)
    else if (there.end !== undefined) ended(id, there.end)
    else if ((there.phase === 'paused') !== (state.status === 'paused'))
      void refreeze(containers, id, client).catch(failed(id))
  }
  for (const container of found.keys()) await forget(container)
}

async function firstProcesses(client: SupervisorClient): Promise<Map<string, Listed>> {
  const all = await client.list()
  return new Map(all.filter(({ exec }) => exec === undefined).map((one) => [one.container, one]))
}

/** Killed between the deed and its record, a daemon left the record behind. Asked anew in the container's turn: somebody may have been before us. */
async function refreeze(containers: Containers, id: string, client: SupervisorClient): Promise<void> {
  await containers.turns.take(id, async () => {
    const now = (await firstProcesses(client)).get(id)?.phase
    const record = containers.get(id)
    if (now === 'paused' && record?.state.status === 'running') containers.save(happened(record, 'paused'))
    if (now === 'running' && record?.state.status === 'paused') containers.save(happened(record, 'unpaused'))
  })
}

// `hooks`: programs to run at six moments. config.md, "POSIX-platform Hooks".
// Whether a hook's program exists is not asked here: createContainer and
// startContainer hooks stand in other mount namespaces than ours.
import type { Inspection } from '../inspection.ts'
import { inspectEnvironment } from './process.ts'

export function inspectHooks(inspection: Inspection): void {
  for (const [kind, hooks] of Object.entries(inspection.config.hooks ?? {}))
    for (const [index, { env }] of (hooks ?? []).entries())
      inspectEnvironment(inspection, ['hooks', kind, index, 'env'], env ?? [])
}

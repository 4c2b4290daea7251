// One lesson from here on: opens a sandbox, plays the lesson in it in the way
// that fits where we run, and lets the sandbox go.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openSandbox } from '../../sandbox-vm/open.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { ProgressLine } from '../../sandbox-vm/progress-line.ts'
import type { Lesson } from '../format/lesson.ts'
import { Player } from '../player/player.ts'
import { Progress } from '../player/progress.ts'
import { runAll } from '../player/run-all.ts'

export interface PlayFlags {
  runAll?: boolean
  sandbox: string
  keep?: boolean
  step?: string
}

export async function playLesson(lesson: Lesson, flags: PlayFlags): Promise<void> {
  const abort = new AbortController()
  const stop = (): void => abort.abort()
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  const line = new ProgressLine()
  const engine = join(packageRoot(), 'dist/engine')
  await using sandbox = await openSandbox(flags.sandbox, {
    ...(flags.keep ? { keep: true } : {}),
    ...(existsSync(engine) ? { engine } : {}),
    onProgress: (progress) => line.show(progress),
    signal: abort.signal,
  }).finally(() => line.clear())
  process.off('SIGINT', stop)
  process.off('SIGTERM', stop)
  if (flags.runAll) {
    await using player = await Player.open({ lesson, sandbox, cols: 120, rows: 40 })
    const { passed, failed } = await runAll(player, console.log)
    console.log(`${lesson.slug}: ${passed} passed, ${failed} failed`)
    if (failed > 0) process.exitCode = 1
    return
  }
  await using player = await Player.open({ lesson, sandbox, progress: new Progress() })
  // React reads NODE_ENV; Ink is loaded only by those who draw.
  if (process.stdout.isTTY && process.stdin.isTTY && process.env.TERM !== 'dumb')
    await (await import('./ui.tsx')).runUi(player, flags.step)
  else await (await import('./plain.ts')).runPlain(player, console.log)
}

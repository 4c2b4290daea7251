// One lesson from here on: opens a sandbox, plays the lesson in it in the way
// that fits where we run, and lets the sandbox go.
//
// Called by main.tsx. Ctrl-C before the lesson is on the screen, or in a lesson
// without one, ends it like any command: with 130, and nothing left behind.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openSandbox } from '../../sandbox-vm/open.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { ProgressLine } from '../../sandbox-vm/progress-line.ts'
import { glossary } from '../format/glossary.ts'
import type { Lesson } from '../format/lesson.ts'
import type { Language } from '../language/language.ts'
import { sandboxTask } from '../language/lesson.ts'
import { Player } from '../player/player.ts'
import { Progress } from '../player/progress.ts'
import { runAll } from '../player/run-all.ts'

export interface PlayFlags {
  language: Language
  runAll?: boolean
  sandbox: string
  keep?: boolean
  step?: string
  /** Before an audience. */
  present?: boolean
}

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

export async function playLesson(lesson: Lesson, flags: PlayFlags): Promise<void> {
  const abort = new AbortController()
  const stopped = Promise.withResolvers<void>()
  const handlers = Object.entries(signals).map(([signal, status]) => {
    const stop = (): void => {
      process.exitCode = status
      abort.abort()
      stopped.resolve()
    }
    process.once(signal, stop)
    return () => process.off(signal, stop)
  })
  try {
    await play(lesson, flags, abort.signal, stopped.promise)
  } catch (error) {
    // It was asked to stop: what broke by that is no news.
    if (!abort.signal.aborted) throw error
  } finally {
    for (const forget of handlers) forget()
  }
}

async function play(
  lesson: Lesson,
  flags: PlayFlags,
  signal: AbortSignal,
  stopped: Promise<void>,
): Promise<void> {
  const { language } = flags
  const line = new ProgressLine()
  const engine = join(packageRoot(), 'dist/engine')
  await using sandbox = await openSandbox(flags.sandbox, {
    ...(flags.keep ? { keep: true } : {}),
    ...(existsSync(engine) ? { engine } : {}),
    onProgress: (progress) => line.show({ ...progress, task: sandboxTask(progress.task, language) }),
    signal,
  }).finally(() => line.clear())
  signal.throwIfAborted()
  // Whoever was asked to stop says nothing more, and does not go on behind our back.
  const print = (text: string): void => {
    signal.throwIfAborted()
    console.log(text)
  }
  if (flags.runAll) {
    await using player = await Player.open({ lesson, language, sandbox, cols: 120, rows: 40 })
    const result = await Promise.race([runAll(player, print), stopped])
    if (!result) return
    console.log(`${lesson.slug}: ${result.passed} passed, ${result.failed} failed`)
    if (result.failed > 0) process.exitCode = 1
    return
  }
  const progress = new Progress()
  const before = (await progress.read())[lesson.slug] ?? []
  // What an instructor shows, nobody has learnt.
  await using player = await Player.open({
    ...{ lesson, language, sandbox },
    ...(flags.present ? {} : { progress }),
  })
  const step = flags.step === undefined ? {} : { step: flags.step }
  // Ink is loaded only by those who draw.
  if (process.stdout.isTTY && process.stdin.isTTY && process.env.TERM !== 'dumb')
    await (await import('./ui.tsx')).runUi(player, {
      ...{ ...step, before: flags.present ? [] : before, language },
      entries: await glossary(lesson.language),
      present: flags.present === true,
    })
  else
    await Promise.race([(await import('./plain.ts')).runPlain(player, language, print, flags.step), stopped])
}

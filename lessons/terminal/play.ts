// One lesson from here on: opens a sandbox, plays the lesson in it in the way
// that fits where we run, and lets the sandbox go.
//
// Called by main.tsx. Ctrl-C before the lesson is on the screen, or in a lesson
// without one, ends it like any command: with 130, and nothing left behind.
import { builtEngine } from '../../sandbox-vm/engine-bundle.ts'
import { openSandbox } from '../../sandbox-vm/open.ts'
import { ProgressLine } from '../../sandbox-vm/progress-line.ts'
import { glossary } from '../format/glossary.ts'
import type { Lesson } from '../format/lesson.ts'
import type { Language } from '../language/language.ts'
import { lessonWords } from '../language/lesson.ts'
import { sandboxWords } from '../language/sandbox.ts'
import { Player, type PlayerOptions } from '../player/player.ts'
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
  await using sandbox = await openSandbox(flags.sandbox, {
    ...(flags.keep ? { keep: true } : {}),
    ...builtEngine(),
    onProgress: (progress) => line.show({ ...progress, task: sandboxWords(progress.task, language) }),
    signal,
  }).catch((error: unknown) => {
    line.end()
    throw error
  })
  signal.throwIfAborted()
  // Its machine may have to be put back first, which is told as well.
  const open = (options: Omit<PlayerOptions, 'lesson' | 'language' | 'sandbox'>): Promise<Player> =>
    Player.open({ lesson, language, sandbox, ...options }).finally(() => line.end())
  // Whoever was asked to stop says nothing more, and does not go on behind our back.
  const print = (text: string): void => {
    signal.throwIfAborted()
    console.log(text)
  }
  if (flags.runAll) {
    const words = lessonWords[language].runAll
    await using player = await open({ fresh: true, cols: 120, rows: 40 })
    const result = await Promise.race([runAll(player, print, undefined, words), stopped])
    if (!result) return
    console.log(words.sum(lesson.slug, result.passed, result.failed))
    if (result.failed > 0) process.exitCode = 1
    return
  }
  const progress = new Progress()
  const before = (await progress.read())[lesson.slug] ?? []
  // What an instructor shows, nobody has learnt.
  await using player = await open(flags.present ? {} : { progress })
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

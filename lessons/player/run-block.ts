// A run block, typed: into its terminal, as the learner would, and judged by what
// the shell said about its end.
//
// Called by the player, which knows the terminals.
import type { RunBlock } from '../format/lesson.ts'
import type { LessonWords } from '../language/lesson.ts'
import type { Outcome } from './events.ts'
import type { Terminal } from './terminal.ts'

/** How long a command waits for the one before it, in milliseconds, until the terminal counts as busy. */
const patience = 3000

/** Types the block's command, waits for its end as the block asks, and holds its output and status against what it expects. */
export async function typeBlock(
  terminal: Terminal | undefined,
  block: RunBlock,
  { run: words }: LessonWords,
): Promise<Omit<Outcome, 'seconds'>> {
  if (!terminal?.isOpen) return { state: 'lost', message: words.noShell(block.terminal) }
  await terminal.clearLine()
  // Whoever clicks fast runs the next command while the one before is about to end.
  await terminal.idle(patience)
  if (terminal.busy !== undefined) {
    return { state: 'failed', message: words.busy(block.terminal, terminal.busy) }
  }
  const end = terminal.run(block.command, { interactive: block.interactive, timeout: block.timeout * 1000 })
  if (block.background) {
    // What puts itself into the background (`&`) gives the prompt back at once; a server does not.
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 1000))])
    return { state: 'passed' }
  }
  const result = await end
  if (result.type === 'lost') return { state: 'lost', message: words.gone }
  if (result.type === 'timeout') return { state: 'failed', message: words.noEnd(block.timeout) }
  const status = result.status === undefined ? {} : { status: result.status }
  if (block.status !== undefined && result.status !== undefined && result.status !== block.status) {
    return {
      state: 'failed',
      message: words.status(result.status, block.status),
      ...status,
    }
  }
  if (block.expect !== undefined && !new RegExp(block.expect, 'm').test(result.output)) {
    const said = result.output.trim().split('\n').slice(-3).join(' ⏎ ')
    return {
      state: 'failed',
      message: words.output(block.expect, said),
      ...status,
    }
  }
  return { state: 'passed', ...status }
}

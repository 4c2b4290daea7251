// An error as the user sees it: one line, whatever a program that was called had to say.
import { errorLine } from '../errors.ts'

export function userLine(error: unknown): string {
  const line = errorLine(error)
    .trim()
    .replace(/[.:;]?\s*[\r\n]+\s*/g, '; ')
  return `tocker: ${line}\n`
}

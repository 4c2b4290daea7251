// Signals by name or number, as people and Dockerfiles write them: `SIGTERM`, `term`, `15`.
import { constants } from 'node:os'
import { EngineError } from '../errors.ts'

const highest = 64
/** The first that programs may use for themselves, where glibc has kept two: signal(7). */
const SIGRTMIN = 34

/** @throws EngineError `invalid`, in Docker's words */
export function parseSignal(text: string): number {
  const invalid = (): EngineError => new EngineError('invalid', `invalid signal: ${text}`)
  if (/^\d+$/.test(text)) {
    if (Number(text) < 1 || Number(text) > highest) throw invalid()
    return Number(text)
  }
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`
  const [, base, offset = '0'] = /^SIGRT(MIN|MAX)(?:[+-](\d+))?$/.exec(name) ?? []
  if (base === 'MIN') return SIGRTMIN + Number(offset)
  if (base === 'MAX') return highest - Number(offset)
  const found = Object.entries(constants.signals).find(([signal]) => signal === name)
  if (found === undefined) throw invalid()
  return found[1]
}

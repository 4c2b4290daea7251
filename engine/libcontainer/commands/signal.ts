// Signals as people and managers write them: 9, KILL, SIGKILL, sigkill, SIGRTMIN+3.
import { constants } from 'node:os'
import { EngineError } from '../../errors.ts'

/** signal(7): the C library keeps 32 and 33 for itself. */
const realTime = { RTMIN: 34, RTMAX: 64 }
const numbers: Readonly<Record<string, number>> = constants.signals

/** @throws EngineError `invalid` for what is no signal here */
export function parseSignal(text: string): number {
  const unknown = new EngineError('invalid', `unknown signal "${text}"`)
  if (/^\d+$/.test(text)) {
    // 0 asks whether there is somebody, kill(2).
    if (Number(text) <= realTime.RTMAX) return Number(text)
    throw unknown
  }
  const name = text.toUpperCase().replace(/^SIG/, '')
  const [, base, sign = '+', offset = '0'] = /^(RTMIN|RTMAX)(?:([+-])(\d+))?$/.exec(name) ?? []
  const number =
    base === 'RTMIN' || base === 'RTMAX' ? realTime[base] + Number(`${sign}${offset}`) : numbers[`SIG${name}`]
  if (number === undefined || number < 1 || number > realTime.RTMAX) throw unknown
  return number
}

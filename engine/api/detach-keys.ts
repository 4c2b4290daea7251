// The keys that leave a container running: ctrl-p ctrl-q, unless somebody chose others.
// Only on a terminal; elsewhere they are bytes like any. Client and daemon both look for
// them: the client to say how it ended, the daemon for clients that do not look.
import { EngineError } from '../errors.ts'

/** What of a piece of input goes on to the process, and whether the user wants to leave. */
export type KeyWatch = (bytes: Buffer) => { pass: Buffer; detach: boolean }

const usual = 'ctrl-p,ctrl-q'

/** @param spec `ctrl-p,ctrl-q`, `a`, `ctrl-[`; empty for the usual ones @throws EngineError `invalid` */
export function detachKeys(spec: string): KeyWatch {
  const keys = (spec === '' ? usual : spec).split(',').map((key) => codeOf(key, spec))
  let matched = 0
  return (bytes) => {
    const pass: number[] = []
    for (const byte of bytes) {
      if (byte === keys[matched]) {
        matched++
        if (matched === keys.length) {
          matched = 0
          return { pass: Buffer.from(pass), detach: true }
        }
        continue
      }
      // It was not meant: what was held back goes first.
      pass.push(...keys.slice(0, matched))
      matched = byte === keys[0] ? 1 : 0
      if (matched === 0) pass.push(byte)
    }
    return { pass: Buffer.from(pass), detach: false }
  }
}

function codeOf(key: string, spec: string): number {
  if (key.length === 1) return key.charCodeAt(0)
  const [, letter] = /^ctrl-([a-z@[\\\]^_])$/.exec(key) ?? []
  if (letter === undefined) throw new EngineError('invalid', `Invalid detach keys (${spec}) provided`)
  return letter.toUpperCase().charCodeAt(0) & 0x1f
}

// Errors of the engine: every one has a kind, and one line for people.
//
// SyscallError is thrown by engine/syscalls only, and says what the kernel said.
// Whoever calls adds the intent: new EngineError('invalid', 'mount /proc', { cause }).

export type EngineErrorKind =
  | 'not-found'
  | 'invalid'
  | 'conflict'
  | 'unauthorized'
  | 'forbidden'
  | 'not-modified'
  | 'not-implemented'
  | 'unavailable'
  | 'internal'

export class EngineError extends Error {
  readonly kind: EngineErrorKind
  /** Exit status for the command line, as Docker has it: 125 the engine, 126 not executable, 127 not found. */
  readonly exitStatus: number

  constructor(kind: EngineErrorKind, message: string, options: ErrorOptions & { exitStatus?: number } = {}) {
    super(message, options)
    this.name = 'EngineError'
    this.kind = kind
    this.exitStatus = options.exitStatus ?? 125
  }
}

/** `pivot_root(2): EBUSY new_root="."`. */
export class SyscallError extends Error {
  readonly syscall: string
  readonly errno: number
  readonly code: string

  constructor(syscall: string, errno: number, code: string, detail: string) {
    super(`${syscall}(2): ${code}${detail ? ` ${detail}` : ''}`)
    this.name = 'SyscallError'
    this.syscall = syscall
    this.errno = errno
    this.code = code
  }
}

/** What went wrong first; and what else did when that was undone, which `using` puts in front of it. */
export function errorsOf(error: unknown): [first: unknown, ...more: unknown[]] {
  return error instanceof SuppressedError
    ? [...errorsOf(error.suppressed), ...errorsOf(error.error)]
    : [error]
}

/** One line with what was tried and what the kernel said to it: `mount /proc: mount(2): EPERM target="/proc"`. */
export function errorLine(error: unknown): string {
  if (error instanceof SuppressedError) return errorsOf(error).map(errorLine).join('; then, to undo it: ')
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${errorLine(error.cause)}`
}

/** Whether an error, or the one that it comes from, has this errno: `ENOSPC`. Node's errors and ours have a code alike. */
export function hasCode(error: unknown, code: string): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && error.code === code) || hasCode(error.cause, code)
}

/** For `catch`: what is as good as done. */
export function unless(...kinds: readonly EngineErrorKind[]): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof EngineError && kinds.includes(error.kind))) throw error
  }
}

// Calls that are made ready first and made later, one right after the other.
//
// Once a seccomp filter is loaded, it judges our own calls too. A trace that
// writes a line, or a library that asks for memory, may then be the call that a
// strict profile kills us for. Even V8's compiler is: it looks at the clock, which
// on some machines is a system call. So the last calls of init are prepared, told
// to the trace, rehearsed with arguments that cannot succeed, and only then made:
// whatever is declared, compiled or allocated on first use is so by then.
//
// Callers: the files beside this one make them, libcontainer/confine.ts runs them.
import { traced, traceTo } from '../trace/trace.ts'

export interface PreparedCall {
  /** As in the man page. */
  name: string
  /** Its arguments, as strace(1) would show them. */
  shown: string
  /**
   * Makes the call.
   * @param inVain with arguments that the kernel must refuse
   * @throws SyscallError
   */
  go: (inVain?: boolean) => void
}

/** Makes the calls in this order, with nothing in between that the kernel would see. */
export function runSilently(calls: readonly PreparedCall[]): void {
  // Told before they happen: afterwards write(2) may be forbidden.
  for (const { name, shown } of calls)
    traced(
      'syscall',
      name,
      () => shown,
      () => 0,
    )
  traceTo(undefined)
  for (const call of calls) {
    try {
      call.go(true)
    } catch {
      // As it was meant to.
    }
  }
  for (const call of calls) call.go()
}

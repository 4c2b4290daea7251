// Hooks: programs of others at six moments of a container's life, each with the
// container's state on standard input. config.md, "POSIX-platform Hooks".
//
//   moment            runs in                  called by
//   prestart          the host's namespaces    create.ts   (deprecated, still used: CNI, GPUs)
//   createRuntime     the host's namespaces    create.ts
//   createContainer   the container's, before pivot_root    init.ts
//   startContainer    the container's, inside its root      init.ts
//   poststart         the host's namespaces    start.ts
//   poststop          the host's namespaces    delete.ts
//
// One after the other, as listed. Synchronous: in init there is no other way, and
// the host has nothing to do meanwhile.
//
// Next: engine/syscalls/command.ts
import { closeSync, fstatSync, readSync, writeSync } from 'node:fs'
import { EngineError } from '../errors.ts'
import { runProgram } from '../syscalls/command.ts'
import { memfdCreate } from '../syscalls/memfd.ts'
import type { Hook, HookKind } from './config/config.ts'

/**
 * Runs the hooks of one moment.
 * @param state the container's state, as JSON (status.ts: ociState)
 * @param warn takes the failures of poststop: the container is gone, and "the
 * remaining hooks and lifecycle continue as if the hook had succeeded"
 * @throws EngineError with the hook's kind, path, end and last words; for poststop never
 */
export function runHooks(
  kind: HookKind,
  hooks: readonly Hook[] | undefined,
  state: string,
  warn: (line: string) => void = () => {},
): void {
  for (const [index, hook] of (hooks ?? []).entries()) {
    const failure = runHook(hook, state)
    if (failure === undefined) continue
    const line = `error running ${kind} hook #${index}: ${hook.path}: ${failure}`
    if (kind !== 'poststop') throw new EngineError('internal', line)
    warn(line)
  }
}

/** @returns why it failed */
function runHook(hook: Hook, state: string): string | undefined {
  // Files in memory, not pipes: a hook that leaves a daemon behind would keep a
  // pipe open, and us waiting for its end; one that does not read its input would
  // answer us with EPIPE.
  const input = memfdCreate('state')
  const output = memfdCreate('output')
  try {
    // pwrite(2) leaves the offset at 0, from where the hook reads.
    writeSync(input, Buffer.from(state), 0, undefined, 0)
    const failure = runProgram({
      file: hook.path,
      args: hook.args ?? [],
      env: environment(hook.env ?? []),
      ...{ input, output },
      ...(hook.timeout === undefined ? {} : { timeout: hook.timeout * 1000 }),
    })
    const words = failure === undefined ? '' : lastWords(output)
    return words === '' ? failure : `${failure}: ${words}`
  } finally {
    closeSync(input)
    closeSync(output)
  }
}

/** Exactly what the config says: nothing of ours, not even PATH, leaks into it. */
function environment(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf('=')
      return [entry.slice(0, at), entry.slice(at + 1)]
    }),
  )
}

/** The last three lines that it wrote, of 1 kB at most, as one. */
function lastWords(fd: number): string {
  const { size } = fstatSync(fd)
  const bytes = Buffer.alloc(Math.min(size, 1024))
  readSync(fd, bytes, 0, bytes.length, size - bytes.length)
  const lines = bytes.toString('utf8').trim().split('\n')
  return lines
    .slice(-3)
    .map((line) => line.trim())
    .join(' / ')
}

// The door to the kernel: the only file that loads foreign code (koffi, an FFI).
//
// Node has no mount(2), unshare(2), setns(2) or pivot_root(2). glibc has, or has
// syscall(2), which takes the number. Everything here is synchronous: a namespace
// belongs to the thread that entered it, and this is the main thread.
//
// Callers: the files beside this one, which give the calls their man-page names.
import { createRequire } from 'node:module'
import type koffi from 'koffi'
import { SyscallError } from '../errors.ts'
import { traced } from '../trace/trace.ts'
import { errnoName } from './errno.ts'

// Loaded by the first call, and not by the import: what only reads, as `state` and
// `list` do, never needs it.
let loaded: typeof koffi | undefined
let libc: ReturnType<typeof koffi.load> | undefined

function ffi(): typeof koffi {
  loaded ??= loadKoffi(createRequire(import.meta.url))
  return loaded
}

/** koffi's native half is all that is needed, and takes 2 ms; the way there by koffi's JavaScript takes 9. */
function loadKoffi(require: NodeJS.Require): typeof koffi {
  const { platform, arch } = process
  try {
    return require(`@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`)
  } catch {
    // Built on this machine, or for musl, or installed elsewhere: koffi knows where.
    return require('koffi').default
  }
}

/** An argument: its value for the kernel, and how strace(1) would show it. */
export interface Argument {
  value: string | number | bigint | null | Uint8Array | readonly (string | null)[]
  shown: string
}

export function text(value: string | null): Argument {
  return { value, shown: value === null ? 'NULL' : JSON.stringify(value) }
}

/** A path whose bytes need not be UTF-8, which no JavaScript string can hold. */
export function path(value: string | Uint8Array): Argument {
  if (typeof value === 'string') return text(value)
  const ended = new Uint8Array(value.length + 1)
  ended.set(value)
  return { value: ended, shown: JSON.stringify(Buffer.from(value).toString()) }
}

export function number(value: number, shown = String(value)): Argument {
  return { value, shown }
}

/** A structure, laid out by the caller; the kernel may write into it. */
export function bytes(value: Uint8Array | null, shown: string): Argument {
  return { value, shown }
}

type LibcFunction = ReturnType<ReturnType<typeof koffi.load>['func']>

/** The address of a buffer, for a structure that holds a pointer to it. Keep the buffer alive as long as the structure. */
export function address(buffer: Uint8Array): bigint {
  // memmove(3) of nothing returns where its buffer is.
  return BigInt(declare('uint64_t memmove(void*, void*, size_t)')(buffer, buffer, 0))
}

/** A library beside glibc, loaded when first asked for. @throws when it is not installed */
export function library(name: string): (prototype: string) => LibcFunction {
  const opened = ffi().load(name)
  return (prototype) => opened.func(prototype)
}

// Declared on first use: a declaration costs 20 µs, and no run needs them all.
const declared = new Map<string, LibcFunction>()

function declare(prototype: string): LibcFunction {
  let found = declared.get(prototype)
  if (found === undefined) {
    libc ??= ffi().load(process.platform === 'darwin' ? 'libSystem.dylib' : 'libc.so.6')
    found = libc.func(prototype)
    declared.set(prototype, found)
  }
  return found
}

/** The function that is at `address`. @param prototype as C declares it, with a name that no other has */
export function functionAt(address: bigint, prototype: string): (...values: Argument['value'][]) => void {
  const type = ffi().proto(prototype)
  return (...values) => ffi().call(address, type, ...values)
}

/** A function of glibc that is no system call, and which the trace leaves out. @returns what it returned */
export function plainCall(prototype: string, ...values: Argument['value'][]): number {
  return Number(declare(prototype)(...values))
}

/**
 * Calls glibc's function, and returns what it returned.
 * @param name as in the man page; the trace shows it
 * @param prototype as C declares it: `int unshare(int)`
 * @throws SyscallError with errno when it returns -1
 */
export function call(name: string, prototype: string, args: readonly Argument[]): number {
  const shown = (): string => args.map((argument) => argument.shown).join(', ')
  return traced(
    'syscall',
    name,
    shown,
    () => {
      const result = Number(declare(prototype)(...args.map((argument) => argument.value)))
      if (result !== -1) return result
      const errno = ffi().errno()
      throw new SyscallError(name, errno, errnoName(errno), shown())
    },
    String,
  )
}

/** A system call that glibc has no function for. */
export function rawSyscall(
  name: string,
  numbers: Readonly<Record<string, number>>,
  prototype: string,
  args: readonly Argument[],
): number {
  const nr = numbers[process.arch]
  if (nr === undefined) throw new SyscallError(name, 38, 'ENOSYS', `no number known for ${process.arch}`)
  const shown = (): string => args.map((argument) => argument.shown).join(', ')
  return traced(
    'syscall',
    name,
    shown,
    () => {
      const result = Number(declare(prototype)(nr, ...args.map((argument) => argument.value)))
      if (result !== -1) return result
      const errno = ffi().errno()
      throw new SyscallError(name, errno, errnoName(errno), shown())
    },
    String,
  )
}

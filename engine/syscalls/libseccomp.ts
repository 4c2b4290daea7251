// libseccomp: from rules about system calls to a program for the kernel.
//
// It knows the number of each system call on each architecture, and how socket(2)
// hides in socketcall(2) on some: the one piece of this subject that nobody should
// write again. Runs on the host's side only; init gets the finished program.
//
// Functions with a result below 0 return a negated errno, seccomp_rule_add(3).
import { closeSync, fstatSync, readSync } from 'node:fs'
import { EngineError, SyscallError } from '../errors.ts'
import { errnoName } from './errno.ts'
import { call, library, number, text } from './libc.ts'

/** One condition on an argument: `struct scmp_arg_cmp`. */
export interface ArgumentTest {
  /** Which argument, 0 to 5. */
  index: number
  /** enum scmp_compare. */
  op: number
  a: bigint
  b: bigint
}

/** A filter in the making. Dispose of it. */
export interface FilterContext extends Disposable {
  setAttribute(attribute: number, value: number): void
  /** False: it was there already. */
  addArchitecture(token: number): boolean
  addRule(action: number, syscall: number, tests: readonly ArgumentTest[]): void
  exportBpf(): Uint8Array
}

// Pointers go as integers: nothing here looks behind them.
function declare() {
  let define: ReturnType<typeof library>
  try {
    define = library('libseccomp.so.2')
  } catch (cause) {
    throw new EngineError(
      'unavailable',
      'load libseccomp.so.2: install the package libseccomp2 (libseccomp), or remove linux.seccomp from config.json',
      { cause },
    )
  }
  return {
    init: define('size_t seccomp_init(uint)'),
    release: define('void seccomp_release(size_t)'),
    attributeSet: define('int seccomp_attr_set(size_t, int, uint)'),
    archAdd: define('int seccomp_arch_add(size_t, uint)'),
    archResolve: define('uint seccomp_arch_resolve_name(const char*)'),
    archNative: define('uint seccomp_arch_native()'),
    syscallResolve: define('int seccomp_syscall_resolve_name(const char*)'),
    syscallResolveArch: define('int seccomp_syscall_resolve_name_arch(uint, const char*)'),
    ruleAdd: define('int seccomp_rule_add_array(size_t, uint, int, uint, const void*)'),
    exportBpf: define('int seccomp_export_bpf(size_t, int)'),
  }
}

let functions: ReturnType<typeof declare> | undefined
function libseccomp(): ReturnType<typeof declare> {
  functions ??= declare()
  return functions
}

const EEXIST = 17

/** @throws SyscallError, in the library's name */
function check(name: string, result: unknown, detail: string): void {
  const errno = -Number(result)
  if (errno > 0) throw new SyscallError(name, errno, errnoName(errno), detail)
}

/** seccomp_arch_resolve_name(3): the kernel's AUDIT_ARCH_ token of `x86_64`, or undefined. */
export function resolveArchitecture(name: string): number | undefined {
  const token = Number(libseccomp().archResolve(name))
  return token === 0 ? undefined : token
}

/** seccomp_arch_native(3). */
export function nativeArchitecture(): number {
  return Number(libseccomp().archNative())
}

const __NR_SCMP_ERROR = -1

/** seccomp_syscall_resolve_name(3): negative for one that only other architectures have; undefined for one that none has. */
export function resolveSyscall(name: string): number | undefined {
  const found = Number(libseccomp().syscallResolve(name))
  return found === __NR_SCMP_ERROR ? undefined : found
}

/** Its number on an architecture, or undefined where that has none. */
export function syscallNumber(architecture: number, name: string): number | undefined {
  const found = Number(libseccomp().syscallResolveArch(architecture, name))
  return found < 0 ? undefined : found
}

/** seccomp_init(3). @param defaultAction what to do with calls that no rule names */
export function makeFilter(defaultAction: number): FilterContext {
  const { init, release, attributeSet, archAdd, ruleAdd, exportBpf } = libseccomp()
  const context = Number(init(defaultAction))
  if (context === 0) throw new SyscallError('seccomp_init', 22, 'EINVAL', `0x${defaultAction.toString(16)}`)
  return {
    setAttribute: (attribute, value) =>
      check('seccomp_attr_set', attributeSet(context, attribute, value), `${attribute}, ${value}`),
    addArchitecture(token) {
      const result = Number(archAdd(context, token))
      if (result === -EEXIST) return false
      check('seccomp_arch_add', result, `0x${token.toString(16)}`)
      return true
    },
    addRule: (action, syscall, tests) =>
      check(
        'seccomp_rule_add_array',
        ruleAdd(context, action, syscall, tests.length, layOut(tests)),
        `action 0x${action.toString(16)}, system call ${syscall}, ${tests.length} conditions`,
      ),
    exportBpf() {
      // It writes to a descriptor only (to memory since 2.6); a file without a name will do.
      const fd = call('memfd_create', 'int memfd_create(const char*, uint)', [
        text('seccomp'),
        number(1, 'MFD_CLOEXEC'),
      ])
      try {
        check('seccomp_export_bpf', exportBpf(context, fd), '')
        const program = new Uint8Array(fstatSync(fd).size)
        readSync(fd, program, 0, program.length, 0)
        return program
      } finally {
        closeSync(fd)
      }
    },
    [Symbol.dispose]: () => void release(context),
  }
}

/** struct scmp_arg_cmp { unsigned int arg; enum scmp_compare op; uint64_t datum_a, datum_b; }, each. */
function layOut(tests: readonly ArgumentTest[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(Math.max(1, tests.length) * 24))
  for (const [at, { index, op, a, b }] of tests.entries()) {
    view.setUint32(at * 24, index, true)
    view.setUint32(at * 24 + 4, op, true)
    view.setBigUint64(at * 24 + 8, a, true)
    view.setBigUint64(at * 24 + 16, b, true)
  }
  return new Uint8Array(view.buffer)
}

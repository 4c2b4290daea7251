// Calls that are made ready first and made later, one right after the other.
//
// Once a seccomp filter is loaded, it judges our own calls too. JavaScript makes calls
// that nobody wrote: V8 asks for a page of memory, or waits for one of its threads, at
// moments of its own choosing, one start in a hundred just then, and a strict profile
// kills us for it. So init's last calls are told to the trace, and laid out as data:
//
//   code                table, a row a call
//   +----------+        +--------+----+----+----+----+----+--------+
//   | load row |------> | number | a0 | a1 | a2 | a3 | a4 | result |
//   | syscall  |        +--------+----+----+----+----+----+--------+
//   | store    |        | …                                        |
//   | next row |        +------------------------------------------+
//   +----------+
//
// A dozen machine instructions go through it. Between the first row and the last nothing
// runs but these, and the last may be execve(2), from which there is no return.
//
// Callers: the files beside this one lay calls out, libcontainer/confine.ts runs them.
import { SyscallError } from '../errors.ts'
import { traced, traceTo } from '../trace/trace.ts'
import { errnoName } from './errno.ts'
import { address, bytes, call, functionAt, number, plainCall } from './libc.ts'

/** One that returns 0, and takes five arguments at most. */
export interface PreparedCall {
  /** As in the man page. */
  name: string
  /** Its arguments, as strace(1) would show them. */
  shown: string
  /** Its number on each architecture, syscalls(2). */
  numbers: Readonly<Record<string, number>>
  /** A structure is passed by its address: it must have memory of its own, see ownMemory(). */
  args: readonly (number | bigint | Uint8Array)[]
  /** In other words than the kernel's. */
  explain?: (refused: SyscallError) => Error
}

/** What the trace shows of a call. */
type Told = Pick<PreparedCall, 'name' | 'shown'>

const words = 7
const result = 6

/**
 * Makes the calls in this order, and nothing in between; the first that fails is the last.
 * @param afterwards what the caller will do then, for the trace, which is silent from here on
 * @throws SyscallError, or what `explain` makes of it
 */
export function callInARow(calls: readonly PreparedCall[], afterwards: readonly Told[] = []): void {
  // Told before they happen: afterwards write(2) may be forbidden.
  for (const { name, shown } of [...calls, ...afterwards])
    traced(
      'syscall',
      name,
      () => shown,
      () => 0,
    )
  traceTo(undefined)
  if (calls.length === 0) return
  const table = new BigInt64Array(new ArrayBuffer(calls.length * words * 8))
  for (const [row, call] of calls.entries()) table.set(layOut(call), row * words)
  run ??= place(instructions[process.arch] ?? [])
  run(new Uint8Array(table.buffer), calls.length)
  for (const [row, call] of calls.entries()) {
    const errno = -Number(table[row * words + result])
    if (errno <= 0) continue
    const refused = new SyscallError(call.name, errno, errnoName(errno), call.shown)
    throw call.explain?.(refused) ?? refused
  }
}

function layOut({ name, numbers, args }: PreparedCall): bigint[] {
  const nr = numbers[process.arch]
  if (nr === undefined) throw new SyscallError(name, 38, 'ENOSYS', `no number known for ${process.arch}`)
  // A sixth would overwrite the result, and be none.
  if (args.length >= result) throw new RangeError(`${name}: five arguments at most can be prepared`)
  const values = args.map((value) => (value instanceof Uint8Array ? address(value) : BigInt(value)))
  return [BigInt(nr), ...values]
}

/** A copy that stays where it is: V8 moves the bytes of a small array when it tidies up. */
export function ownMemory(content: ArrayLike<number>): Uint8Array {
  const copy = new Uint8Array(new ArrayBuffer(content.length))
  copy.set(content)
  return copy
}

// void callInARow(struct { long number, args[5], result; } *row, long rows)
// By each architecture's calling convention: syscall(2) has a table of the registers.
const instructions: Readonly<Record<string, readonly number[]>> = {
  // biome-ignore format: an instruction a line
  x64: [
    0x53,                    //       push rbx         the kernel keeps all registers but rax, rcx and r11
    0x41, 0x54,              //       push r12
    0x48, 0x89, 0xfb,        //       mov  rbx, rdi    the row
    0x49, 0x89, 0xf4,        //       mov  r12, rsi    how many are left
    0x48, 0x8b, 0x03,        // next: mov  rax, [rbx]
    0x48, 0x8b, 0x7b, 0x08,  //       mov  rdi, [rbx+8]
    0x48, 0x8b, 0x73, 0x10,  //       mov  rsi, [rbx+16]
    0x48, 0x8b, 0x53, 0x18,  //       mov  rdx, [rbx+24]
    0x4c, 0x8b, 0x53, 0x20,  //       mov  r10, [rbx+32]
    0x4c, 0x8b, 0x43, 0x28,  //       mov  r8,  [rbx+40]
    0x0f, 0x05,              //       syscall
    0x48, 0x89, 0x43, 0x30,  //       mov  [rbx+48], rax
    0x48, 0x83, 0xc3, 0x38,  //       add  rbx, 56
    0x48, 0x85, 0xc0,        //       test rax, rax    negative: errno
    0x78, 0x05,              //       js   done
    0x49, 0xff, 0xcc,        //       dec  r12
    0x75, 0xd5,              //       jnz  next
    0x41, 0x5c,              // done: pop  r12
    0x5b,                    //       pop  rbx
    0xc3,                    //       ret
  ],
  // biome-ignore format: an instruction a line
  arm64: [
    0xe9, 0x03, 0x00, 0xaa,  //       mov  x9, x0
    0xea, 0x03, 0x01, 0xaa,  //       mov  x10, x1
    0x28, 0x01, 0x40, 0xf9,  // next: ldr  x8, [x9]
    0x20, 0x85, 0x40, 0xa9,  //       ldp  x0, x1, [x9, #8]
    0x22, 0x8d, 0x41, 0xa9,  //       ldp  x2, x3, [x9, #24]
    0x24, 0x15, 0x40, 0xf9,  //       ldr  x4, [x9, #40]
    0x01, 0x00, 0x00, 0xd4,  //       svc  #0
    0x20, 0x19, 0x00, 0xf9,  //       str  x0, [x9, #48]
    0x29, 0xe1, 0x00, 0x91,  //       add  x9, x9, #56
    0x60, 0x00, 0xf8, 0xb7,  //       tbnz x0, #63, done
    0x4a, 0x05, 0x00, 0xf1,  //       subs x10, x10, #1
    0xe1, 0xfe, 0xff, 0x54,  //       b.ne next
    0xc0, 0x03, 0x5f, 0xd6,  // done: ret
  ],
}

/** A process needs them once. */
let run: ReturnType<typeof functionAt> | undefined

/**
 * V8 makes machine code as well, so whatever lets Node run lets us have a page for it: mmap(2), mprotect(2).
 * Where there is a cache of instructions, the kernel looks after it as the page becomes executable.
 */
function place(code: readonly number[]): ReturnType<typeof functionAt> {
  const [length, PROT_READ, PROT_WRITE, PROT_EXEC, MAP_PRIVATE, MAP_ANONYMOUS] = [4096, 1, 2, 4, 0x02, 0x20]
  // By call(): they can fail, for want of memory, or since a security module allows no such page. MAP_FAILED is -1.
  const at = call('mmap', 'long mmap(void*, size_t, int, int, int, long)', [
    ...[bytes(null, 'NULL'), number(length), number(PROT_READ | PROT_WRITE, 'PROT_READ|PROT_WRITE')],
    ...[number(MAP_PRIVATE | MAP_ANONYMOUS, 'MAP_PRIVATE|MAP_ANONYMOUS'), number(-1), number(0)],
  ])
  plainCall('uint64_t memcpy(uint64_t, void*, size_t)', at, Uint8Array.from(code), code.length)
  call('mprotect', 'int mprotect(uint64_t, size_t, int)', [
    ...[number(at), number(length), number(PROT_READ | PROT_EXEC, 'PROT_READ|PROT_EXEC')],
  ])
  return functionAt(BigInt(at), 'void callInARow(void*, long)')
}

// utimensat(2): when a file was last changed, to the nanosecond. Node's utimes take
// seconds as a double, which is a quarter of a microsecond wide by now.
import { bytes, call, number, path as pathArgument } from './libc.ts'

/** A struct timespec. Before 1970 the seconds are negative; the nanoseconds never are. */
export interface Timestamp {
  seconds: number
  /** 0 to 999,999,999. */
  nanoseconds: number
}

/** What lstat(2) says as nanoseconds since 1970. */
export function timestamp(nanoseconds: bigint): Timestamp {
  const rest = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  return { seconds: Number((nanoseconds - rest) / 1_000_000_000n), nanoseconds: Number(rest) }
}

const AT_SYMLINK_NOFOLLOW = 0x100

const times = new BigInt64Array(4)
const struct = new Uint8Array(times.buffer)

/** Both times of `name` in the directory `at`; of a symbolic link, its own. */
export function utimensat(at: number, name: string | Uint8Array, time: Timestamp): void {
  times[0] = times[2] = BigInt(time.seconds)
  times[1] = times[3] = BigInt(time.nanoseconds)
  call('utimensat', 'int utimensat(int, const char*, const void*, int)', [
    number(at),
    pathArgument(name),
    bytes(struct, `${time.seconds}.${String(time.nanoseconds).padStart(9, '0')}`),
    number(AT_SYMLINK_NOFOLLOW, 'AT_SYMLINK_NOFOLLOW'),
  ])
}

/** futimens(3): the same of an open file. */
export function futimens(fd: number, time: Timestamp): void {
  times[0] = times[2] = BigInt(time.seconds)
  times[1] = times[3] = BigInt(time.nanoseconds)
  call('futimens', 'int futimens(int, const void*)', [
    number(fd),
    bytes(struct, `${time.seconds}.${String(time.nanoseconds).padStart(9, '0')}`),
  ])
}

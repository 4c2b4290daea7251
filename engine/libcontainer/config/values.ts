// What config.json is made of: numbers as wide as the kernel's, names that must
// not be empty, paths.
//
// zod's small variant: a container's start pays for every kilobyte of it.
import * as z from 'zod/mini'

/** uint32 of the specification. */
export const uint32 = z.int().check(z.gte(0), z.lte(0xffffffff))
/** int64 and uint64, as far as JSON's numbers are exact: 2^53. */
export const int64 = z.int()
export const uint64 = z.int().check(z.gte(0))
/** An int64 that JSON carries beyond 2^53 as -1 or as the largest number: both mean "no limit". */
export const limit = z.number().check(z.gte(-1))

/** Text that goes to the kernel: a NUL byte would end it early. */
export const text = z.string().check(z.refine((value) => !value.includes('\0'), 'it holds a NUL byte'))
export const name = text.check(z.minLength(1, 'it is empty'))
export const absolutePath = text.check(
  z.refine((value) => value.startsWith('/'), 'it is not an absolute path'),
)

export const stringMap = z.record(name, text)

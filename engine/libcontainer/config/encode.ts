// config.json and process.json, as text: for runtimes that read 64-bit numbers.
import type { Config } from './config.ts'
import type { Process } from './process.ts'

/** JSON. RLIM_INFINITY, 2^64 - 1, which JavaScript's numbers round to 2^64, is exact in it. */
export function encode(value: Config | Process): string {
  return JSON.stringify(value).replaceAll(
    /(?<="(?:soft|hard)":)18446744073709552000/g,
    '18446744073709551615',
  )
}

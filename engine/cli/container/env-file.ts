// Files with a line for each variable or label, as `--env-file` and `--label-file` take them.
//
//   # a comment
//   NAME=value      as it stands, blanks and quotes included
//   NAME            the value that it has here; none, when it has none
import { readFileSync } from 'node:fs'
import { UsageError } from '../flags.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** @throws UsageError for a file that is not there, and a name that is none */
export function readEnvFile(path: string, env: Environment = process.env): string[] {
  return linesOf(path).flatMap((line) => {
    const at = line.indexOf('=')
    const name = at < 0 ? line : line.slice(0, at)
    if (name === '') throw new UsageError(`invalid environment variable: ${line} in ${path}`)
    if (/\s/.test(name)) throw new UsageError(`variable '${name}' contains whitespaces in ${path}`)
    if (at >= 0) return [line]
    return env[name] === undefined ? [] : [`${name}=${env[name]}`]
  })
}

export function readLabelFile(path: string): string[] {
  return linesOf(path)
}

function linesOf(path: string): string[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new UsageError(`open ${path}: ${cause instanceof Error && 'code' in cause ? cause.code : cause}`)
  }
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

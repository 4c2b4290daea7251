// Regions of engine files: `// #region pid` to `// #endregion pid`.
//
// Lessons show the engine's own source, so they cannot fall behind it: a region
// that is renamed or gone fails the lesson's parsing.
import { readFile } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import { packageRoot } from '../../sandbox-vm/package-root.ts'

export interface Region {
  code: string
  /** First and last line in the file, from 1. */
  from: number
  to: number
}

/** @param file relative to the project @throws Error with one line that names file and region */
export async function readRegion(file: string, region: string): Promise<Region> {
  if (!normalize(file).startsWith('engine/')) throw new Error(`${file} is not a file of the engine`)
  const text = await readFile(join(packageRoot(), file), 'utf8').catch(() => {
    throw new Error(`there is no ${file}`)
  })
  const lines = text.split('\n')
  const start = lines.findIndex((line) => line.trim() === `// #region ${region}`)
  const end = lines.findIndex((line) => line.trim() === `// #endregion ${region}`)
  if (start < 0 || end < start) throw new Error(`${file} has no region ${region}`)
  const body = lines.slice(start + 1, end)
  const indents = body.filter((line) => line.trim() !== '').map((line) => /^ */.exec(line)?.[0].length ?? 0)
  const indent = Math.min(...indents)
  return { code: body.map((line) => line.slice(indent)).join('\n'), from: start + 2, to: end }
}

// From a stack frame in the bundle to the line of TypeScript that a reader knows.
//
// The engine runs as one bundled file, with a source map beside it. The map is
// read only here, when a trace is printed: loading it at every start would cost
// more than the container.
import { existsSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import * as z from 'zod/mini'

const mapSchema = z.object({
  version: z.number(),
  file: z._default(z.string(), ''),
  sources: z.array(z.string()),
  sourcesContent: z._default(z.array(z.string()), []),
  names: z.array(z.string()),
  mappings: z.string(),
  sourceRoot: z._default(z.string(), ''),
})

const maps = new Map<string, SourceMap | undefined>()

/** `engine/libcontainer/rootfs.ts:31` for the innermost frame outside the door itself; empty when unknown. */
export function sourceOf(frames: readonly string[]): string {
  for (const frame of frames) {
    const match = /\(?(?:file:\/\/)?(\/[^()]*?):(\d+):(\d+)\)?$/.exec(frame)
    const [, file = '', line = '0', column = '0'] = match ?? []
    const place = original(file, Number(line), Number(column))
    const found = /(engine\/(?!syscalls\/|trace\/)[^:]+:\d+)$/.exec(place)?.[1]
    if (found !== undefined) return found
  }
  return ''
}

function original(file: string, line: number, column: number): string {
  if (!/\.m?js$/.test(file)) return `${file}:${line}`
  if (!maps.has(file)) maps.set(file, load(`${file}.map`))
  const entry = maps.get(file)?.findEntry(line - 1, column - 1)
  return entry && 'originalSource' in entry ? `${entry.originalSource}:${entry.originalLine + 1}` : ''
}

function load(path: string): SourceMap | undefined {
  if (!existsSync(path)) return undefined
  return new SourceMap(mapSchema.parse(JSON.parse(readFileSync(path, 'utf8'))))
}

// What a verb loads, of the built command: `--help` and `images` must not pay for what makes
// containers. Looks at the bundle, and needs no rights.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'

const dist = join(packageRoot(), 'dist')

/** Source files in a chunk and all that it imports before it runs, by the comments of the bundler. */
async function loaded(chunk: string, seen = new Set<string>()): Promise<string[]> {
  if (seen.has(chunk)) return []
  seen.add(chunk)
  const text = await readFile(join(dist, chunk), 'utf8')
  const sources = [...text.matchAll(/^\/\/ ((?:engine|node_modules)\/\S+)$/gm)].map(
    ([, source = '']) => source,
  )
  const imports = [
    ...text.matchAll(/^(?:import|export)\s[^;]*?["']\.\/((?:chunks\/)?[\w.-]+\.mjs)["'];?$/gms),
  ]
  const deeper = await Promise.all(
    imports.map(([, name = '']) => loaded(name.startsWith('chunks/') ? name : join('chunks', name), seen)),
  )
  return [...sources, ...deeper.flat()]
}

/** The chunk that `import('./commands/<verb>.ts')` became. */
async function chunkOf(verb: string): Promise<string> {
  const main = await readFile(join(dist, 'tocker.mjs'), 'utf8')
  const [, chunk = ''] = new RegExp(`import\\("\\./(chunks/${verb}-[^"]+)"\\)`).exec(main) ?? []
  return chunk
}

test('the program itself is a few small files', async () => {
  const sources = await loaded('tocker.mjs')
  expect(sources).toContain('engine/cli/program.ts')
  expect(sources.filter((path) => !/^engine\/(cli\/|client\/|errors|version)/.test(path))).toEqual([])
})

test.each(['ps', 'images', 'history', 'rmi', 'tag', 'info', 'run', 'exec', 'logs'])(
  '%s: nothing that keeps images, asks registries or makes containers',
  async (verb) => {
    const sources = await loaded(await chunkOf(verb))
    expect(sources).toContain(`engine/cli/commands/${verb}.ts`)
    expect(
      sources.filter((path) =>
        /zod|undici|engine\/(distribution|graph|drivers|libcontainer|syscalls|archive)\//.test(path),
      ),
    ).toEqual([])
  },
)

test('and the look can fail', async () => {
  expect(await loaded(await chunkOf('push'))).toContain('engine/distribution/credentials.ts')
  expect(await loaded(await chunkOf('bootstrap'))).toContain('engine/archive/pack.ts')
})

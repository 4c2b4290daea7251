// overlay2's `l/`: a name of 26 letters for each layer's `diff`.
//
// mount(2) takes one page of options, 4096 bytes. A path such as
// /var/lib/tocker/overlay2/<64 hexadecimal digits>/diff takes a hundred of them, and an
// image of fifty layers would not fit. `l/ABCDEFGHIJKLMNOPQRSTUVWXYZ`, seen from the
// driver's directory, takes 29 with its colon: 128 layers are 3,712 bytes.
//
//   l/ABC…Z -> ../<id>/diff
//   <id>/link     ABC…Z           which name it has
//   <id>/lower    l/DEF…:l/GHI…   the layers below, topmost first
// Synchronous, but for the look at all of them: the files have a few bytes, and a turn of the
// event loop for each would take ten times as long.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { readdir, readFile, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Layer } from './mechanism.ts'

/** Where the links are, in the driver's directory. */
export const linkDirectory = 'l'

/** Base32 of 130 bits: by chance no two are alike. */
function shortName(): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  return Array.from(randomBytes(26), (byte) => letters[byte & 31]).join('')
}

/** Gives `diff` of a layer its short name. The name is written first: a link that no layer knows of would stay for ever. */
export function makeLink(home: string, layer: Layer): void {
  mkdirSync(join(home, linkDirectory), { recursive: true, mode: 0o700 })
  const name = shortName()
  writeFileSync(join(layer.directory, 'link'), name)
  symlinkSync(join('..', layer.id, 'diff'), join(home, linkDirectory, name))
}

/** The short path of a layer, from `home`. */
export function linkOf(layer: Layer): string {
  return join(linkDirectory, readFileSync(join(layer.directory, 'link'), 'utf8'))
}

export async function removeLink(home: string, layer: Layer): Promise<void> {
  const name = await readFile(join(layer.directory, 'link'), 'utf8').catch(() => '')
  if (/^[A-Z2-7]{26}$/.test(name)) await rm(join(home, linkDirectory, name), { force: true })
}

/** Removes links that lead to no layer, or to one that has another name. */
export async function removeStrayLinks(home: string): Promise<void> {
  for (const name of await readdir(join(home, linkDirectory)).catch(() => [])) {
    const path = join(home, linkDirectory, name)
    const id = /^\.\.\/([^/]+)\/diff$/.exec(await readlink(path).catch(() => ''))?.[1] ?? ''
    const known = await readFile(join(home, id, 'link'), 'utf8').catch(() => undefined)
    if (id === '' || known !== name) await rm(path, { recursive: true, force: true })
  }
}

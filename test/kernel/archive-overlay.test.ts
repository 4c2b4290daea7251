// Layers of a real overlay: mounted, changed, packed, unpacked and mounted again; both
// views must agree, and so must a copy in which the deletions were carried out.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { changesOfUpper, compareTrees } from '../../engine/archive/changes.ts'
import { pack } from '../../engine/archive/pack.ts'
import { unpack } from '../../engine/archive/unpack.ts'
import { lsetxattr } from '../../engine/syscalls/xattr.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { leftovers } from '../leftovers.mjs'
import { archive, bytesOf, member, readArchive, streamOf } from '../suites/archive-bytes.ts'
import { describeTree } from '../suites/tree.ts'

let scratch: string
let before: string[]
let count = 0

function fresh(): string {
  const path = join(scratch, `dir-${count++}`)
  mkdirSync(path)
  return path
}

/** Mounts an overlay, runs `work` in it, unmounts. The first lower is the topmost. */
async function overlay(
  lowers: readonly string[],
  upper: string | undefined,
  work: (merged: string) => Promise<void> | void,
) {
  const [merged, workdir] = [fresh(), fresh()]
  const data = [`lowerdir=${lowers.join(':')}`, ...(upper ? [`upperdir=${upper}`, `workdir=${workdir}`] : [])]
  const options = upper ? ['redirect_dir=off', 'metacopy=off', 'index=off'] : []
  await execa('mount', ['-t', 'overlay', 'overlay', '-o', [...data, ...options].join(), merged])
  try {
    await work(merged)
  } finally {
    await execa('umount', [merged])
  }
}

/** A layer that is there to be changed. */
function makeLower(): string {
  const lower = fresh()
  for (const path of ['keep', 'gone/deep', 'replaced', 'opaque/inner', 'was-dir', 'same'])
    mkdirSync(join(lower, path), { recursive: true })
  for (const path of [
    'keep/file',
    'keep/other',
    'gone/deep/file',
    'replaced/old',
    'opaque/inner/file',
    'was-file',
    'top',
    'was-dir/x',
    'same/y',
  ])
    writeFileSync(join(lower, path), path)
  return lower
}

/** What a container might do. */
function change(merged: string): void {
  rmSync(join(merged, 'top'))
  rmSync(join(merged, 'gone'), { recursive: true })
  rmSync(join(merged, 'keep/other'))
  writeFileSync(join(merged, 'keep/file'), 'changed')
  rmSync(join(merged, 'opaque'), { recursive: true })
  mkdirSync(join(merged, 'opaque'))
  writeFileSync(join(merged, 'opaque/new'), 'new')
  rmSync(join(merged, 'was-dir'), { recursive: true })
  writeFileSync(join(merged, 'was-dir'), 'a file now')
  rmSync(join(merged, 'was-file'))
  mkdirSync(join(merged, 'was-file'))
  writeFileSync(join(merged, 'was-file/in'), '')
  rmSync(join(merged, 'replaced'), { recursive: true })
  symlinkSync('keep', join(merged, 'replaced'))
  mkdirSync(join(merged, 'added/deeper'), { recursive: true })
  writeFileSync(join(merged, 'added/deeper/file'), 'x')
  chmodSync(join(merged, 'same/y'), 0o4755)
}

const expected = [
  ...[
    'A /added',
    'A /added/deeper',
    'A /added/deeper/file',
    'D /gone',
    'C /keep',
    'C /keep/file',
    'D /keep/other',
  ],
  ...['C /opaque', 'D /opaque/inner', 'A /opaque/new', 'C /replaced', 'C /same', 'C /same/y', 'D /top'],
  ...['C /was-dir', 'C /was-file', 'A /was-file/in'],
]

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'layers of an overlay (needs root on Linux)',
  () => {
    beforeAll(() => {
      before = leftovers()
      scratch = mkdtempSync(join(tmpdir(), 'lc-archive-'))
    })
    afterAll(() => rmSync(scratch, { recursive: true, force: true }))

    test('an overlay’s changes: the list, the archive, and the same view again', async () => {
      const [lower, upper, second] = [makeLower(), fresh(), fresh()]
      await overlay([lower], upper, async (merged) => {
        change(merged)
        expect(compareTrees(merged, lower).map(({ kind, path }) => `${kind} ${path}`)).toEqual(expected)
        const changes = changesOfUpper(upper, [lower])
        expect(changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual(expected)
        const tar = await bytesOf(pack(upper, { whiteouts: 'overlay' }))
        // A second layer for the overlay…
        await unpack(streamOf(tar), second, { whiteouts: 'overlay' })
        await overlay([second, lower], undefined, (again) => {
          expect(describeTree(again)).toEqual(describeTree(merged))
        })
        expect(await bytesOf(pack(second, { whiteouts: 'overlay' }))).toEqual(tar)
        // … a copy that deletions are applied to …
        const copy = fresh()
        await execa('cp', ['-a', `${lower}/.`, copy])
        await unpack(streamOf(tar), copy, { whiteouts: 'apply' })
        expect(describeTree(copy)).toEqual(describeTree(merged))
        // … and the same by the list of changes of two whole trees.
        const list = await bytesOf(pack(merged, { only: compareTrees(merged, lower) }))
        const third = fresh()
        await execa('cp', ['-a', `${lower}/.`, third])
        await unpack(streamOf(list), third, { whiteouts: 'apply' })
        expect(describeTree(third)).toEqual(describeTree(merged))
      })
    })

    test('changes over several layers see whiteouts and opaque directories in between', async () => {
      const [bottom, middle, upper] = [makeLower(), fresh(), fresh()]
      await overlay([bottom], middle, change)
      await overlay([middle, bottom], upper, (merged) => {
        mkdirSync(join(merged, 'gone'))
        writeFileSync(join(merged, 'gone/new'), '')
        writeFileSync(join(merged, 'opaque/inner'), 'was whited out')
        rmSync(join(merged, 'opaque/new'))
        rmSync(join(merged, 'was-file'), { recursive: true })
      })
      const changes = changesOfUpper(upper, [middle, bottom]).map(({ kind, path }) => `${kind} ${path}`)
      expect(changes).toEqual([
        'A /gone',
        'A /gone/new',
        'C /opaque',
        'A /opaque/inner',
        'D /opaque/new',
        'D /was-file',
      ])
    })

    test('whiteouts count for the layers below, wherever they stand in the archive', async () => {
      const orders = [
        archive(
          member({ name: '.wh.keep' }),
          member({ name: 'keep/', type: '5', mode: 0o755 }),
          member({ name: 'keep/own' }),
        ),
        archive(
          member({ name: 'keep/', type: '5', mode: 0o755 }),
          member({ name: 'keep/own' }),
          member({ name: '.wh.keep' }),
        ),
        archive(member({ name: 'keep/own' }), member({ name: 'keep/.wh..wh..opq' })),
        archive(member({ name: 'keep/.wh..wh..opq' }), member({ name: 'keep/own' })),
        archive(member({ name: '.wh.keep' }), member({ name: 'keep/own' })),
      ]
      for (const bytes of orders) {
        const [lower, layer, copy] = [makeLower(), fresh(), fresh()]
        await execa('cp', ['-a', `${lower}/.`, copy])
        await unpack(streamOf(bytes), layer, { whiteouts: 'overlay' })
        await unpack(streamOf(bytes), copy, { whiteouts: 'apply' })
        expect(readdirSync(join(copy, 'keep'))).toEqual(['own'])
        await overlay([layer, lower], undefined, (merged) => {
          expect(readdirSync(join(merged, 'keep'))).toEqual(['own'])
        })
      }
    })

    test('whiteouts of a user namespace', async () => {
      const layer = fresh()
      await unpack(streamOf(archive(member({ name: '.wh.a' }), member({ name: 'd/.wh..wh..opq' }))), layer, {
        whiteouts: 'overlay-user',
      })
      expect(describeTree(layer).join('\n')).toMatch(
        /^a 20000 .* dev 0\nd 40755 .* user\.overlay\.opaque=79$/,
      )
      const names = (await readArchive(await bytesOf(pack(layer, { whiteouts: 'overlay-user' })))).map(
        ({ name }) => name,
      )
      expect(names).toEqual(['.wh.a', 'd/', 'd/.wh..wh..opq'])
    })

    test('in a user namespace an overlay reads them, and devices are passed over', async () => {
      const [lower, layer, merged] = [makeLower(), fresh(), fresh()]
      const tar = join(scratch, 'rootless.tar')
      const device = member({ name: 'null', type: '3', major: 1, minor: 3 })
      const opaque = [member({ name: 'opaque/.wh..wh..opq' }), member({ name: 'opaque/new' })]
      writeFileSync(tar, archive(device, member({ name: '.wh.top' }), ...opaque))
      const module = join(packageRoot(), 'engine/archive/unpack.ts')
      const code = `
        import { createReadStream } from 'node:fs'
        const { unpack } = await import(${JSON.stringify(module)})
        await unpack(createReadStream(process.argv[1]), process.argv[2], { whiteouts: 'overlay-user' })`
      const script = `"$1" --input-type=module -e "$2" "$3" "$4" && mount -t overlay overlay -o "lowerdir=$4:$5,userxattr" "$6" && cd "$6" && find . | sort`
      const args = [process.execPath, code, tar, layer, lower, merged]
      const { stdout } = await execa('unshare', ['-Urm', 'sh', '-ec', script, 'sh', ...args])
      const names = stdout.split('\n')
      expect(names).toEqual(expect.arrayContaining(['./opaque', './opaque/new', './keep/file']))
      for (const name of ['./null', './top', './opaque/inner']) expect(names).not.toContain(name)
    })

    test('a device 0:0 in an archive is no whiteout, and a file called like one is in no layer', async () => {
      const device = archive(member({ name: 'etc', type: '3' }))
      await expect(unpack(streamOf(device), fresh(), { whiteouts: 'overlay' })).rejects.toThrow(
        /wrong spelling/,
      )
      const tree = fresh()
      writeFileSync(join(tree, '.wh.passwd'), '')
      expect(await readArchive(await bytesOf(pack(tree, { whiteouts: 'overlay' })))).toEqual([])
      expect(await readArchive(await bytesOf(pack(tree)))).toHaveLength(1)
    })

    test('a layer that only points elsewhere is refused', async () => {
      const upper = fresh()
      mkdirSync(join(upper, 'd'))
      lsetxattr(join(upper, 'd'), 'trusted.overlay.redirect', Buffer.from('/x'))
      await expect(bytesOf(pack(upper, { whiteouts: 'overlay' }))).rejects.toThrow(/redirect_dir=off/)
    })

    test('nothing is left behind', () => {
      expect(leftovers().filter((one) => one.startsWith('mount') && !before.includes(one))).toEqual([])
    })
  },
)

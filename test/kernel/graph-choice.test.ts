// Which graph driver a directory gets: by what its file system can do, by what was used
// there before, by name. And the drivers without root. Needs root to make file systems.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openGraphDriver } from '../../engine/drivers/graph/choice.ts'
import { leftovers } from '../leftovers.mjs'

let directory: string
let mounted: string[]
let before: string[]

/** A new file system in a file, mounted. */
function fileSystem(name: string, megabytes: number, ...mkfs: string[]): string {
  const image = join(directory, `${name}.img`)
  const at = join(directory, name)
  execFileSync('truncate', ['-s', `${megabytes}M`, image])
  execFileSync(mkfs[0] ?? '', [...mkfs.slice(1), image], { stdio: 'ignore' })
  mkdirSync(at)
  mount(at, '-o', 'loop', image)
  return at
}

function mount(at: string, ...args: string[]): void {
  execFileSync('mount', [...args, at])
  mounted.unshift(at)
}

function overlay(name: string): string {
  const at = (part: string): string => join(directory, `${name}-${part}`)
  for (const part of ['lower', 'upper', 'work', 'merged']) mkdirSync(at(part))
  const options = `lowerdir=${at('lower')},upperdir=${at('upper')},workdir=${at('work')}`
  mount(at('merged'), '-t', 'overlay', '-o', options, 'overlay')
  return at('merged')
}

const refusal = (kind: string, message: RegExp): object =>
  expect.objectContaining({ kind, message: expect.stringMatching(message) })

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'choice of a graph driver (needs root on Linux)',
  () => {
    beforeEach(() => {
      directory = realpathSync(mkdtempSync(join(tmpdir(), 'lc-choice-')))
      mounted = []
      before = leftovers()
    })
    afterEach(() => {
      for (const at of mounted) execFileSync('umount', [at])
      rmSync(directory, { recursive: true })
      expect(leftovers().filter((one) => !before.includes(one) && one.includes(directory))).toEqual([])
    })

    test('the best that works, and no trace of the others', async () => {
      const { driver, reasons } = await openGraphDriver(join(directory, 'new/root'))
      expect(driver.name).toBe('overlay2')
      expect(reasons).toEqual([{ name: 'overlay2', verdict: 'the best that works here' }])
      expect(readdirSync(join(directory, 'new/root'))).toEqual(['overlay2'])
      // The directory of short names says that overlay was tried here, and works.
      expect(readdirSync(join(directory, 'new/root/overlay2'))).toEqual(['l'])
    })

    test('on an overlay the kernel’s overlay is passed over, with the reason', async () => {
      const { driver, reasons } = await openGraphDriver(overlay('o'))
      expect(driver.name).toBe('fuse-overlayfs')
      expect(reasons.map(({ name }) => name)).toEqual(['overlay2', 'btrfs', 'fuse-overlayfs'])
      expect(reasons[0]?.verdict).toMatch(/lies on overlayfs: an overlay cannot keep/)
      expect(reasons[1]?.verdict).toMatch(/lies on overlayfs: snapshots need btrfs/)
    })

    test('where directories do not tell types, overlay2 is refused, with what to do', async () => {
      const root = fileSystem('untyped', 16, 'mkfs.ext4', '-q', '-O', '^filetype')
      await expect(openGraphDriver(root, 'overlay2')).rejects.toEqual(
        refusal('unavailable', /d_type.*-O filetype/),
      )
      expect(readdirSync(root)).toEqual(['lost+found'])
    })

    test('btrfs is overlay2’s as well, and its own driver’s when named', async () => {
      const root = fileSystem('b', 200, 'mkfs.btrfs')
      expect((await openGraphDriver(root)).driver.name).toBe('overlay2')
      const { driver } = await openGraphDriver(root, 'btrfs')
      expect(await driver.status()).toEqual([['Backing Filesystem', 'btrfs']])
    })

    test('a container’s own subvolumes go with its layer', async () => {
      const root = fileSystem('b', 200, 'mkfs.btrfs')
      const { driver } = await openGraphDriver(root, 'btrfs')
      await driver.createReadWrite('c')
      const rootfs = await driver.get('c')
      mkdirSync(join(rootfs, 'sub/directory'), { recursive: true })
      const odd = Buffer.from(`${rootfs}/sub/directory/\xff`, 'latin1')
      for (const path of [join(rootfs, 'one'), join(rootfs, 'one/two'), join(rootfs, 'sub/three')])
        execFileSync('btrfs', ['subvolume', 'create', path])
      mkdirSync(odd)
      execFileSync('sh', [
        '-c',
        'cd "$0" && btrfs subvolume create "$(printf "\\\\376")"',
        join(rootfs, 'sub'),
      ])
      execFileSync('btrfs', ['subvolume', 'snapshot', '-r', join(rootfs, 'one'), join(rootfs, 'frozen')])
      await driver.put('c')
      await driver.remove('c')
      expect(readdirSync(join(root, 'btrfs'))).toEqual([])
      expect(execFileSync('btrfs', ['subvolume', 'list', root], { encoding: 'utf8' })).toBe('')
    })

    test('what was used before is kept; of two, one has to be named', async () => {
      const root = join(directory, 'root')
      const vfs = await openGraphDriver(root, 'vfs')
      await vfs.driver.create('layer')
      const again = await openGraphDriver(root)
      expect(again.driver.name).toBe('vfs')
      expect(again.reasons).toEqual([{ name: 'vfs', verdict: `there are layers of it in ${root}` }])
      const overlay2 = await openGraphDriver(root, 'overlay2')
      await overlay2.driver.create('layer')
      await expect(openGraphDriver(root)).rejects.toEqual(
        refusal('conflict', /overlay2 and vfs: name the one/),
      )
      expect((await openGraphDriver(root, 'overlay2')).driver.name).toBe('overlay2')
      await overlay2.driver.remove('layer')
      expect((await openGraphDriver(root)).driver.name).toBe('vfs')
    })

    test('names that are none, gone, or impossible here', async () => {
      const root = join(directory, 'root')
      await expect(openGraphDriver(root, 'aufs')).rejects.toEqual(refusal('not-implemented', /overlay2/))
      await expect(openGraphDriver(root, 'overlay')).rejects.toEqual(refusal('not-implemented', /overlay2/))
      for (const name of ['zfs', '', '..', 'toString', '__proto__', 'overlay2/../x'])
        await expect(openGraphDriver(root, name)).rejects.toEqual(refusal('invalid', /no storage driver/))
      await expect(openGraphDriver(root, 'btrfs')).rejects.toEqual(
        refusal('unavailable', /snapshots need btrfs/),
      )
      for (const option of ['dm.basesize', 'dm.basesize=x', 'dm.nothing=1G', 'overlay2.size=1G'])
        await expect(openGraphDriver(root, 'devicemapper', [option])).rejects.toEqual(
          refusal('invalid', /storage option .*dm.basesize/),
        )
      expect(readdirSync(root)).toEqual([])
    })

    test('a link to the data-root, with colons, commas and spaces in its name', async () => {
      mkdirSync(join(directory, 'colon:'))
      const refused = refusal('unavailable', /takes no colon/)
      await expect(openGraphDriver(join(directory, 'colon:'), 'fuse-overlayfs')).rejects.toEqual(refused)
      for (const [name, target] of [
        ['overlay2', 'a b:c,d\\e'],
        ['fuse-overlayfs', 'a b,d\\e'],
      ] as const) {
        mkdirSync(join(directory, target))
        execFileSync('ln', ['-sfn', target, join(directory, 'link')])
        const { driver } = await openGraphDriver(join(directory, 'link'), name)
        await driver.create('a')
        await driver.createReadWrite('b', 'a')
        const rootfs = await driver.get('b')
        writeFileSync(join(rootfs, 'file'), '')
        await driver.put('b')
        expect(await driver.changes('b')).toEqual([{ kind: 'A', path: '/file' }])
        await driver.get('b')
        const other = await openGraphDriver(join(directory, 'link'), name)
        await other.driver.cleanup()
        expect(existsSync(join(rootfs, 'file'))).toBe(false)
        for (const id of ['b', 'a']) await other.driver.remove(id)
      }
    })

    test('without root, in a user namespace: deleting works, and is told', () => {
      const root = join(directory, 'root')
      for (const path of ['source/one', 'source/two']) mkdirSync(join(root, path), { recursive: true })
      for (const path of ['one/a', 'one/b', 'two/c']) writeFileSync(join(root, 'source', path), '')
      const child = join(import.meta.dirname, '../suites/graph-child.ts')
      for (const name of ['overlay2', 'fuse-overlayfs', 'vfs']) {
        const args = ['--user', '--map-root-user', '--mount', process.execPath, child, root, name, 'delete']
        const told = JSON.parse(execFileSync('unshare', args, { encoding: 'utf8' }))
        expect(told, name).toEqual({
          changes: [
            { kind: 'C', path: '/one' },
            { kind: 'D', path: '/one/a' },
            { kind: 'C', path: '/two' },
            { kind: 'D', path: '/two/c' },
            { kind: 'A', path: '/two/new' },
          ],
          names: ['one', 'one/b', 'two', 'two/new'],
        })
      }
    })
  },
)

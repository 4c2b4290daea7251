// Archives with what only root can make: devices, owners, capabilities.
import {
  chmodSync,
  chownSync,
  createReadStream,
  createWriteStream,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pack } from '../../engine/archive/pack.ts'
import { unpack } from '../../engine/archive/unpack.ts'
import { lsetxattr } from '../../engine/syscalls/xattr.ts'
import { leftovers } from '../leftovers.mjs'
import { bytesOf, readArchive } from '../suites/archive-bytes.ts'
import { describeTree } from '../suites/tree.ts'

let scratch: string
let before: string[]
let count = 0

function fresh(): string {
  const path = join(scratch, `dir-${count++}`)
  mkdirSync(path)
  return path
}

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'archives (needs root on Linux)',
  () => {
    beforeAll(() => {
      before = leftovers()
      scratch = mkdtempSync(join(tmpdir(), 'lc-archive-'))
    })
    afterAll(() => rmSync(scratch, { recursive: true, force: true }))

    /** One of everything that there is. */
    async function everything(): Promise<string> {
      const tree = fresh()
      const at = (name: string): string => join(tree, name)
      mkdirSync(at('private'), 0o700)
      for (const name of ['suid', 'sgid', 'cap', 'huge-owner', 'private/file']) writeFileSync(at(name), name)
      chownSync(at('huge-owner'), 4_294_967_294, 2_097_152)
      chownSync(at('private'), 1000, 1001)
      chownSync(at('suid'), 33, 33)
      chmodSync(at('suid'), 0o4755)
      chownSync(at('sgid'), 0, 33)
      chmodSync(at('sgid'), 0o2711)
      lsetxattr(
        at('cap'),
        'security.capability',
        Buffer.from('0100000200200000000000000000000000000000', 'hex'),
      )
      lsetxattr(at('cap'), 'user.note', Buffer.from('a\nb=c'))
      lsetxattr(at('private'), 'user.dir', Buffer.from('x'))
      symlinkSync('/nowhere', at('dangling'))
      lchownSync(at('dangling'), 7, 8)
      // Node takes a time before 1970 for "now".
      await execa('touch', ['-d', '@-5.5', at('cap')])
      utimesSync(at('private'), 1, 1.5)
      chmodSync(at('private'), 0o1000)
      return tree
    }

    test('devices, owners, set-user-ID bits, capabilities and times come back, under any umask', async () => {
      const tree = await everything()
      await execa('mknod', [join(tree, 'null'), 'c', '1', '3'])
      await execa('mknod', [join(tree, 'wide'), 'b', '259', '300000'])
      await execa('mkfifo', ['-m', '622', join(tree, 'pipe')])
      const mask = process.umask(0o777)
      const target = fresh()
      process.umask(0o777)
      try {
        chmodSync(target, 0o755)
        await unpack(pack(tree), target, { whiteouts: 'none' })
      } finally {
        process.umask(mask)
      }
      expect(describeTree(target)).toEqual(describeTree(tree))
      expect(describeTree(target).find((line) => line.startsWith('cap '))).toMatch(
        /-5500000000 .*security\.capability=01000002/,
      )
      expect((await execa('getcap', [join(target, 'cap')])).stdout).toMatch(/cap_net_raw/)
    })

    test('GNU tar and ours read each other’s attributes', async () => {
      const tree = await everything()
      const [ours, theirs] = [join(scratch, 'ours.tar'), join(scratch, 'theirs.tar')]
      const flags = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--same-permissions']
      await pipeline(pack(tree), createWriteStream(ours))
      const [one, two] = [fresh(), fresh()]
      await execa('tar', [...flags, '-C', one, '-xf', ours])
      expect(describeTree(one)).toEqual(describeTree(tree))
      await execa('tar', [...flags, '--format=pax', '-C', tree, '-cf', theirs, '.'])
      await unpack(createReadStream(theirs), two, {
        whiteouts: 'none',
      })
      expect(describeTree(two)).toEqual(describeTree(tree))
    })

    test('attributes of the host stay behind: overlays’ and labels', async () => {
      const tree = fresh()
      mkdirSync(join(tree, 'd'))
      for (const name of ['trusted.overlay.opaque', 'trusted.mine'])
        lsetxattr(join(tree, 'd'), name, Buffer.from('y'))
      const [entry] = await readArchive(await bytesOf(pack(tree)))
      expect(entry?.xattrs.size).toBe(0)
    })

    test('what a layer has of a hard link stays one, and sockets are passed over', async () => {
      const tree = fresh()
      writeFileSync(join(tree, 'a'), 'x')
      await execa('ln', [join(tree, 'a'), join(tree, 'b')])
      await execa('mknod', [join(tree, 'dev'), 'c', '1', '3'])
      await execa('ln', [join(tree, 'dev'), join(tree, 'dev2')])
      const server = createServer().listen(join(tree, 'socket'))
      await new Promise((resolve) => server.once('listening', resolve))
      const target = fresh()
      await unpack(pack(tree), target, { whiteouts: 'none' })
      server.close()
      expect(lstatSync(join(target, 'a')).ino).toBe(lstatSync(join(target, 'b')).ino)
      expect(lstatSync(join(target, 'dev')).ino).toBe(lstatSync(join(target, 'dev2')).ino)
      expect(readdirSync(target)).toEqual(['a', 'b', 'dev', 'dev2'])
    })

    test('a directory that becomes a link while it is packed does not lead out', async () => {
      const tree = fresh()
      mkdirSync(join(tree, 'd'))
      writeFileSync(join(tree, 'a'), Buffer.alloc(2_000_000))
      writeFileSync(join(tree, 'd/x'), '')
      const stream = pack(tree)[Symbol.asyncIterator]()
      await stream.next()
      renameSync(join(tree, 'd'), join(tree, 'e'))
      symlinkSync('/etc', join(tree, 'd'))
      const rest: Buffer[] = []
      for (let next = await stream.next(); !next.done; next = await stream.next()) rest.push(next.value)
      expect(Buffer.concat(rest).includes('passwd')).toBe(false)
    })

    test('nothing is left behind', () => {
      expect(leftovers().filter((one) => one.startsWith('mount') && !before.includes(one))).toEqual([])
    })
  },
)

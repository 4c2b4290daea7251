// Of the suite of graph drivers: trees of containers that have users of their own
// (userns-remap). On disk owners are shifted, in archives they are not.
import { chmodSync, chownSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { Owners } from '../../engine/archive/owners.ts'
import { TarReader } from '../../engine/archive/tar-reader.ts'
import { setxattr } from '../../engine/syscalls/xattr.ts'
import { type DriverUnderTest, GraphStage } from './graph-stage.ts'
import { tarOf } from './tar-of.ts'

const owners = new Owners(
  [{ containerID: 0, hostID: 100_000, size: 65_536 }],
  [{ containerID: 0, hostID: 300_000, size: 65_536 }],
)
// As setcap(8) cap_net_raw+ep writes it, on the host and in a user namespace of 100000's.
const plain = '0100000200200000000000000000000000000000'
const ofRoot = `01000003${plain.slice(8)}a0860100`

function build(directory: string): void {
  const at = (name: string): string => join(directory, name)
  mkdirSync(at('home'))
  chownSync(at('home'), 1000, 1001)
  chmodSync(at('home'), 0o750)
  writeFileSync(at('capable'), '#!')
  setxattr(at('capable'), 'security.capability', Buffer.from(plain, 'hex'))
}

export function ownerTests(under: DriverUnderTest): void {
  test('owners are shifted on disk, and are not in archives', async () => {
    const stage = new GraphStage(under)
    const driver = await stage.open(owners)
    const whose = (path: string): number[] => [lstatSync(path).uid, lstatSync(path).gid]
    try {
      await driver.cleanup()
      const archive = await stage.archive(build)
      await driver.create('a')
      await driver.applyDiff('a', Readable.from([archive]))
      await driver.create('b', 'a')
      await driver.applyDiff('b', Readable.from([tarOf([['implied/file', new Uint8Array(1)]])]))
      await driver.createReadWrite('c', 'b')
      const tree = await driver.get('c')
      const at = (name: string): string => join(tree, name)
      expect(['.', 'implied', 'implied/file'].map((name) => whose(at(name)))).toEqual(
        Array(3).fill([100_000, 300_000]),
      )
      expect(whose(at('home'))).toEqual([101_000, 301_001])
      // As a container would, and as the host's root does.
      writeFileSync(at('capable'), '#!!')
      setxattr(at('capable'), 'security.capability', Buffer.from(ofRoot, 'hex'))
      for (const [name, uid] of Object.entries({ inside: 100_005, host: 0 })) {
        writeFileSync(at(name), '')
        chownSync(at(name), uid, 300_000)
      }
      await driver.put('c')
      expect((await driver.changes('c')).map(({ kind, path }) => kind + path)).toEqual([
        'C/capable',
        'A/host',
        'A/inside',
      ])
      expect(await ownersIn(await driver.diff('c'))).toEqual({
        capable: `0:0 ${plain}`,
        ...{ host: '0:0 ', inside: '5:0 ' },
      })
      expect(await buffer(await driver.diff('a'))).toEqual(archive)
      await driver.create('d')
      const stranger = stage.archive((directory) => {
        writeFileSync(join(directory, 'file'), '')
        chownSync(join(directory, 'file'), 70_000, 0)
      })
      await expect(driver.applyDiff('d', Readable.from([await stranger]))).rejects.toThrow(
        /"file" belongs to 70000:0, who is not in the range of userns-remap: .*\/etc\/subuid$/,
      )
      for (const id of ['c', 'b', 'a', 'd']) await driver.remove(id)
    } finally {
      await driver.close()
      stage.close()
    }
  })
}

async function ownersIn(archive: Readable): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  await using reader = new TarReader(archive)
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next())
    found[entry.name] =
      `${entry.uid}:${entry.gid} ${entry.xattrs.get('security.capability')?.toString('hex') ?? ''}`
  return found
}

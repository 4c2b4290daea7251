// Of the suite of graph drivers: what layers hold. That nothing of a file is lost on the
// way through a driver, and that what changed is told exactly.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { setxattr } from '../../engine/syscalls/xattr.ts'
import type { GraphBox } from './graph-driver.ts'
import { listTree } from './tree-listing.ts'

/** One of everything. */
function buildEverything(directory: string): void {
  const at = (name: string): string => join(directory, name)
  mkdirSync(at('kinds'))
  writeFileSync(at('kinds/file'), 'content')
  writeFileSync(at('kinds/empty'), '')
  writeFileSync(at('kinds/large'), Buffer.alloc(300_001, 'x'))
  linkSync(at('kinds/file'), at('kinds/hard-link'))
  mkdirSync(at('elsewhere'))
  linkSync(at('kinds/file'), at('elsewhere/hard-link'))
  symlinkSync('../etc/nowhere', at('kinds/symlink'))
  symlinkSync('x'.repeat(200), at('kinds/long-symlink'))
  execFileSync('mkfifo', [at('kinds/fifo')])
  execFileSync('mknod', ['-m', '602', at('kinds/character'), 'c', '250', '4321'])
  execFileSync('mknod', [at('kinds/block'), 'b', '7', '99'])
  writeFileSync(at('kinds/setuid'), '#!')
  chownSync(at('kinds/setuid'), 12, 345_678)
  chmodSync(at('kinds/setuid'), 0o6755)
  writeFileSync(at('kinds/capable'), '#!')
  // As setcap(8) cap_net_raw+ep writes it.
  const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex')
  setxattr(at('kinds/capable'), 'security.capability', capability)
  setxattr(at('kinds/empty'), 'user.note', Buffer.from('an attribute\0with a zero'))
  setxattr(at('kinds'), 'user.on-a-directory', Buffer.from('1'))
  mkdirSync(at('odd'))
  writeFileSync(at(`odd/${'n'.repeat(200)}`), 'a long name')
  writeFileSync(at('odd/ä 名前 \n'), 'an odd one')
  writeFileSync(Buffer.concat([Buffer.from(at('odd/')), Buffer.from([0xff, 0xfe])]), 'no UTF-8')
  chownSync(at('odd'), 4_000_000_000, 65_534)
  chmodSync(at('odd'), 0o3770)
  for (const [index, path] of [
    'kinds/file',
    'kinds/symlink',
    'kinds/fifo',
    'kinds/character',
    'odd',
    'kinds',
  ].entries())
    lutimesSync(at(path), 1_600_000_000 + index, 1_500_000_000.123_456 + index)
  // To the nanosecond, and before 1970.
  execFileSync('touch', ['-d', '2020-02-03 04:05:06.123456789', at('kinds/large')])
  execFileSync('touch', ['-d', '1965-01-01 00:00:00.5', at('kinds/empty')])
}

export function contentTests(box: GraphBox): void {
  test('every kind of file survives applyDiff, diff, applyDiff unchanged', async () => {
    const source = box.stage.scratch()
    buildEverything(source)
    const wanted = listTree(source)
    await box.layer('all', 'base', (directory) => execFileSync('cp', ['-a', `${source}/.`, directory]))
    const seen = async (id: string): Promise<string[]> => {
      const tree = listTree(await box.driver.get(id))
      await box.driver.put(id)
      return tree.filter((line) => !/^(etc|data)/.test(line))
    }
    expect(await seen('all')).toEqual(wanted)
    const tar = await buffer(await box.driver.diff('all'))
    await box.driver.create('again', 'base')
    await box.driver.applyDiff('again', Readable.from([tar]))
    expect(await seen('again')).toEqual(wanted)
    // And a container above both sees the same, and has changed nothing.
    await box.driver.createReadWrite('look', 'again')
    expect(await seen('look')).toEqual(wanted)
    expect(await box.driver.changes('look')).toEqual([])
    expect(await box.driver.diffSize('again')).toBe(await box.driver.diffSize('all'))
    // The file with three names counts once.
    expect(await box.driver.diffSize('all')).toBe(7 + 300_001 + 2 + 2 + 11 + 10 + 8)
    await box.remove('look', 'again', 'all')
  })

  test('whiteouts and opaque directories through three layers', async () => {
    await box.layer('w1', 'base', (directory) => {
      mkdirSync(join(directory, 'etc'))
      writeFileSync(join(directory, 'etc/.wh.passwd'), '')
      mkdirSync(join(directory, 'data/deep'), { recursive: true })
      writeFileSync(join(directory, 'data/deep/.wh..wh..opq'), '')
      writeFileSync(join(directory, 'data/deep/three'), '333')
    })
    await box.layer('w2', 'w1', (directory) => {
      mkdirSync(join(directory, 'etc'))
      // Back again, and something that was never there is gone.
      writeFileSync(join(directory, 'etc/passwd'), 'new\n')
      writeFileSync(join(directory, 'etc/.wh.shadow'), '')
      writeFileSync(join(directory, '.wh.data'), '')
    })
    await box.layer('w3', 'w2', (directory) => {
      mkdirSync(join(directory, 'data'))
      writeFileSync(join(directory, 'data/four'), '4444')
      mkdirSync(join(directory, 'etc'))
      writeFileSync(join(directory, 'etc/.wh..wh..opq'), '')
    })
    const names = async (id: string): Promise<string[]> => {
      const tree = await box.driver.get(id)
      const list = readdirSync(tree, { recursive: true }).map(String).sort()
      await box.driver.put(id)
      return list
    }
    expect(await names('w1')).toEqual([
      'data',
      'data/deep',
      'data/deep/three',
      'data/one',
      'etc',
      'etc/hosts',
    ])
    expect(await names('w2')).toEqual(['etc', 'etc/hosts', 'etc/passwd'])
    expect(await names('w3')).toEqual(['data', 'data/four', 'etc'])
    expect(await box.driver.changes('w1')).toEqual([
      { kind: 'C', path: '/data' },
      { kind: 'C', path: '/data/deep' },
      { kind: 'D', path: '/data/deep/deeper' },
      { kind: 'A', path: '/data/deep/three' },
      { kind: 'D', path: '/data/deep/two' },
      { kind: 'C', path: '/etc' },
      { kind: 'D', path: '/etc/passwd' },
    ])
    // What the layers say goes through an archive once more, and means the same.
    for (const [id, parent] of [
      ['v1', 'base'],
      ['v2', 'v1'],
      ['v3', 'v2'],
    ] as const) {
      const tar = await buffer(await box.driver.diff(id.replace('v', 'w')))
      await box.driver.create(id, parent)
      await box.driver.applyDiff(id, Readable.from([tar]))
      expect(await names(id)).toEqual(await names(id.replace('v', 'w')))
    }
    await box.remove('v3', 'v2', 'v1', 'w3', 'w2', 'w1')
  })

  test('what a container changes is told exactly', async () => {
    await box.layer('before', 'base', (directory) => {
      mkdirSync(join(directory, 'srv/gone/inside'), { recursive: true })
      writeFileSync(join(directory, 'srv/gone/inside/file'), '')
      writeFileSync(join(directory, 'srv/becomes-directory'), '')
      mkdirSync(join(directory, 'srv/becomes-file'))
      writeFileSync(join(directory, 'srv/becomes-file/old'), '')
      mkdirSync(join(directory, 'srv/emptied-and-made-anew'))
      writeFileSync(join(directory, 'srv/emptied-and-made-anew/old'), '')
      for (const name of ['mode', 'owner', 'same-size', 'untouched'])
        writeFileSync(join(directory, 'srv', name), 'abc')
      symlinkSync('here', join(directory, 'srv/link'))
    })
    await box.driver.createReadWrite('changer', 'before')
    const rootfs = await box.driver.get('changer')
    const at = (name: string): string => join(rootfs, 'srv', name)
    expect(await box.driver.changes('changer')).toEqual([])
    rmSync(at('gone'), { recursive: true })
    rmSync(at('becomes-directory'))
    mkdirSync(at('becomes-directory'))
    writeFileSync(join(at('becomes-directory'), 'x'), '')
    rmSync(at('becomes-file'), { recursive: true })
    writeFileSync(at('becomes-file'), '')
    rmSync(at('emptied-and-made-anew'), { recursive: true })
    mkdirSync(at('emptied-and-made-anew'))
    writeFileSync(join(at('emptied-and-made-anew'), 'new'), '')
    chmodSync(at('mode'), 0o600)
    chownSync(at('owner'), 1, 1)
    writeFileSync(at('same-size'), 'xyz')
    rmSync(at('link'))
    symlinkSync('there', at('link'))
    writeFileSync(join(rootfs, 'top'), 'top')
    readFileSync(at('untouched'))
    const wanted = [
      { kind: 'C', path: '/srv' },
      { kind: 'C', path: '/srv/becomes-directory' },
      { kind: 'A', path: '/srv/becomes-directory/x' },
      { kind: 'C', path: '/srv/becomes-file' },
      { kind: 'C', path: '/srv/emptied-and-made-anew' },
      { kind: 'A', path: '/srv/emptied-and-made-anew/new' },
      { kind: 'D', path: '/srv/emptied-and-made-anew/old' },
      { kind: 'D', path: '/srv/gone' },
      { kind: 'C', path: '/srv/link' },
      { kind: 'C', path: '/srv/mode' },
      { kind: 'C', path: '/srv/owner' },
      { kind: 'C', path: '/srv/same-size' },
      { kind: 'A', path: '/top' },
    ]
    // The same while it runs as when it has ended.
    expect(await box.driver.changes('changer')).toEqual(wanted)
    const running = await buffer(await box.driver.diff('changer'))
    await box.driver.put('changer')
    const tree = listTree(await box.driver.get('changer'))
    await box.driver.put('changer')
    expect(await box.driver.changes('changer')).toEqual(wanted)
    // docker commit: its diff on the same parent is the tree that the container saw.
    for (const tar of [running, await buffer(await box.driver.diff('changer'))]) {
      await box.driver.create('commit', 'before')
      await box.driver.applyDiff('commit', Readable.from([tar]))
      const committed = listTree(await box.driver.get('commit'))
      await box.driver.put('commit')
      expect(committed.map(withoutDirectoryTime)).toEqual(tree.map(withoutDirectoryTime))
      await box.remove('commit')
    }
    await box.remove('changer')
    expect(await box.driver.changes('before')).toContainEqual({ kind: 'A', path: '/srv/gone' })
    await box.remove('before')
  })

  test(`${box.under.depth} layers, one on the other`, async () => {
    let parent = 'base'
    const ids: string[] = []
    for (let number = 2; number <= box.under.depth; number++) {
      // Long ids: they are what does not fit.
      const id = `deep-${number}-`.padEnd(64, 'x')
      await box.layer(id, parent, (directory) => {
        writeFileSync(join(directory, `file-${number}`), `${number}`)
        writeFileSync(join(directory, 'last'), `${number}`)
        if (number % 2 === 0) writeFileSync(join(directory, `.wh.file-${number - 1}`), '')
      })
      ids.unshift(id)
      parent = id
    }
    await box.withContainer('x'.repeat(128), parent, (rootfs) => {
      const names = readdirSync(rootfs)
      expect(names.filter((name) => name.startsWith('file-'))).toHaveLength(
        Math.ceil((box.under.depth - 1) / 2) + (box.under.depth % 2 === 0 ? 0 : 1),
      )
      expect(readFileSync(join(rootfs, 'last'), 'utf8')).toBe(`${box.under.depth}`)
      expect(readFileSync(join(rootfs, 'etc/hosts'), 'utf8')).toBe('hosts\n')
    })
    await box.remove(...ids)
    expect(await box.driver.list()).toEqual(['base'])
  })
}

/** A directory's time changes with what is made and deleted in it: an archive of the changes has it for those that are listed only. */
function withoutDirectoryTime(line: string): string {
  return line.includes(' directory ') ? line.replace(/ mtime=\d+/, '') : line
}

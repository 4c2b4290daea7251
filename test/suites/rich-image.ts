// Layers with everything that a file can be: what an image must not lose on its way.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { archiveOf } from './registry-image.ts'

/** Three layers: everything; then changes, deletions and a directory that begins anew; then little. Needs root. */
export function richArchives(seed = 'a'): Buffer[] {
  return [archiveOf((at) => everything(at, seed)), archiveOf(changes), archiveOf((at) => last(at, seed))]
}

function everything(at: string, seed: string): void {
  for (const name of ['bin', 'etc', 'etc/opaque', 'dev', 'tmp', 'gone']) mkdirSync(join(at, name))
  writeFileSync(join(at, 'bin/program'), `#!/bin/sh\necho ${seed}\n`)
  chmodSync(join(at, 'bin/program'), 0o6755)
  linkSync(join(at, 'bin/program'), join(at, 'bin/hard'))
  symlinkSync('../bin/program', join(at, 'etc/link'))
  symlinkSync('/nowhere', join(at, 'etc/dangling'))
  writeFileSync(join(at, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\n')
  writeFileSync(join(at, 'etc/größe und\nmehr'), 'x')
  writeFileSync(join(at, `etc/${'long'.repeat(60)}`), 'long')
  writeFileSync(join(at, 'etc/opaque/old'), 'old')
  writeFileSync(join(at, 'gone/file'), 'gone')
  writeFileSync(join(at, 'etc/owned'), 'owned')
  chownSync(join(at, 'etc/owned'), 1000, 4_000_000)
  chmodSync(join(at, 'tmp'), 0o1777)
  writeFileSync(join(at, 'bin/capable'), 'x')
  execFileSync('setcap', ['cap_net_raw+ep', join(at, 'bin/capable')])
  execFileSync('mknod', [join(at, 'dev/null'), 'c', '1', '3'])
  execFileSync('mkfifo', [join(at, 'dev/fifo')])
  utimesSync(join(at, 'etc/passwd'), 1, 1_500_000_000)
  lutimesSync(join(at, 'etc/link'), 1, 1_400_000_000)
}

function changes(at: string): void {
  for (const name of ['etc', 'etc/opaque', 'bin']) mkdirSync(join(at, name))
  writeFileSync(join(at, 'etc/passwd'), 'root:x:0:0::/:/bin/other\n')
  writeFileSync(join(at, '.wh.gone'), '')
  writeFileSync(join(at, 'etc/.wh.dangling'), '')
  writeFileSync(join(at, 'etc/opaque/.wh..wh..opq'), '')
  writeFileSync(join(at, 'etc/opaque/new'), 'new')
  symlinkSync('program', join(at, 'bin/new'))
}

function last(at: string, seed: string): void {
  mkdirSync(join(at, 'srv'))
  writeFileSync(join(at, 'srv/data'), seed.repeat(300_000))
}

// Puts tocker into a sandbox: /opt/tocker, and its commands into /usr/local/bin.
//
// The content's hash decides. An edited engine file gives another bundle, so it
// runs in the sandbox the next time that it is opened, or when this is called.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { execa } from 'execa'
import { packageRoot } from './package-root.ts'
import { type ExecOptions, type ExecResult, SandboxError } from './sandbox.ts'

interface Target {
  exec(command: string, options?: ExecOptions): Promise<ExecResult>
}

/** For openSandbox(): the engine as it was built, or none where nobody has built it. */
export function builtEngine(): { engine?: string } {
  const engine = join(packageRoot(), 'dist/engine')
  return existsSync(engine) ? { engine } : {}
}

/** Copies the files of `directory` unless the sandbox has these very files already. Returns true when it copied. */
export async function putEngine(target: Target, directory: string): Promise<boolean> {
  const hash = await directoryHash(directory)
  const { stdout } = await target.exec('cat /opt/tocker/.hash 2>/dev/null')
  if (stdout.trim() === hash) return false
  const tar = await execa('tar', ['-C', directory, '--owner=0', '--group=0', '-cf', '-', '.'], {
    encoding: 'buffer',
    maxBuffer: 1e9,
  })
  const script = `set -e
# A directory of our own: two programs may do this at the same moment.
mkdir -p /opt; new=$(mktemp -d /opt/tocker.XXXXXX); chmod 755 "$new"
tar -C "$new" -xzf -
echo ${hash} > "$new/.hash"
rm -rf /opt/tocker; mv -T "$new" /opt/tocker 2>/dev/null || rm -rf "$new"
# Before what the machine may have of the same name.
ln -sf /opt/tocker/bin/* /usr/local/bin/`
  const { status, stderr } = await target.exec(script, { stdin: gzipSync(tar.stdout, { level: 1 }) })
  if (status !== 0) throw new SandboxError('failed', `cannot put tocker into the sandbox: ${stderr.trim()}`)
  return true
}

async function directoryHash(directory: string): Promise<string> {
  const hash = createHash('sha256')
  const names = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  for (const file of files.sort())
    hash
      .update(file.slice(directory.length))
      .update('\0')
      .update(await readFile(file))
  return hash.digest('hex').slice(0, 32)
}

// Puts tocker into a sandbox: /opt/tocker, and its commands into /usr/local/bin.
//
// The content's hash decides. An edited engine file gives another bundle, so it
// runs in the sandbox the next time that it is opened, or when this is called. Our own
// VM has it from its first boot on (keeper/machine.ts): there, copying takes longer than all else of a reset.
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

/** In the sandbox: prints the hash of the engine that is there, or nothing. */
export const engineHash = 'cat /opt/tocker/.hash 2>/dev/null'

/**
 * Copies the files of `directory` unless the sandbox has these very files already.
 * @param there what `engineHash` printed, when that is known
 * @throws SandboxError `failed`
 */
export async function putEngine(target: Target, directory: string, there?: string): Promise<void> {
  const hash = await directoryHash(directory)
  if ((there ?? (await target.exec(engineHash)).stdout.trim()) === hash) return
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
}

/** Of the names and the content of all files: 32 hex digits. */
export async function directoryHash(directory: string): Promise<string> {
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

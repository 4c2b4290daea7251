// Runs the image's builders, mmdebstrap and assemble.sh, in namespaces of their own.
//
//   setpriv --pdeathsig KILL       dies when we die, even by kill -9
//   unshare --pid --kill-child     ... and takes every process of the build along
//           --mount                ... and what the build mounted was never mounted outside
//           --map-root-user        without root: our user becomes root in there,
//           --map-auto             and the subordinate ids of /etc/subuid its other users
//
// So an interrupted build leaves files, which the next one removes, and nothing else.
// Called by build.ts only.
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa, execaSync } from 'execa'
import { cacheDirectory } from '../directories.ts'
import { quote } from '../quote.ts'
import { type OpenOptions, SandboxError } from '../sandbox.ts'

const mapped = ['--map-root-user', '--map-auto']

/** A user's PATH lacks the directories of chroot and mke2fs on Debian. */
const searchPath = `${process.env.PATH}:/usr/sbin:/sbin`

export interface Tool {
  command: readonly [program: string, ...args: string[]]
  cwd: string
  env: Readonly<Record<string, string>>
  onLine: (line: string) => void
}

/** @throws SandboxError with the tool's last words, or saying that it was interrupted */
export async function runTool(tool: Tool, options: Pick<OpenOptions, 'signal'>): Promise<void> {
  const { signal } = options
  signal?.throwIfAborted()
  const last: string[] = []
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', ...(asRoot() ? [] : mapped)]
  const child = execa(
    'setpriv',
    ['--pdeathsig', 'KILL', '--', 'unshare', ...namespaces, '--', ...tool.command],
    {
      cwd: tool.cwd,
      env: { LC_ALL: 'C', PATH: searchPath, ...tool.env },
      all: true,
      reject: false,
      detached: true,
    },
  )
  // Detached: Ctrl-C in our terminal is for us, and we end the build in one stroke.
  const stop = (): void => void child.kill('SIGKILL')
  signal?.addEventListener('abort', stop, { once: true })
  process.once('exit', stop)
  try {
    for await (const line of child.iterable({ from: 'all' })) {
      last.push(line)
      if (last.length > 12) last.shift()
      tool.onLine(line)
    }
    const result = await child
    if (signal?.aborted)
      throw new SandboxError('failed', 'the image build was interrupted; run it again to go on')
    if (result.exitCode === 0) return
    const errors = last.filter((line) => /^(E:|W: |error|mke2fs|.*[Nn]o space)/.test(line))
    const words = errors.join('; ') || last.slice(-3).join('; ') || `ended by ${result.signal}`
    throw new SandboxError('failed', `building the sandbox image: ${tool.command[0]} failed: ${words}`)
  } finally {
    signal?.removeEventListener('abort', stop)
    process.off('exit', stop)
  }
}

/** Removes what a build left; files of mapped users need the same user namespace to go. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(async () => {
    await execa('unshare', [...mapped, 'rm', '-rf', path], { reject: false })
  })
}

/** @throws SandboxError `missing` with what to install or to allow */
export function requirePrograms(): void {
  const programs = {
    mmdebstrap: 'mmdebstrap',
    mke2fs: 'e2fsprogs',
    cpio: 'cpio',
    ...(asRoot() ? {} : { newuidmap: 'uidmap' }),
  }
  const path = searchPath.split(':')
  const missing = Object.entries(programs).filter(([name]) => !path.some((d) => existsSync(join(d, name))))
  if (missing.length > 0) {
    const names = missing.map(([, debian]) => debian).join(' ')
    throw new SandboxError(
      'missing',
      `building the sandbox image needs ${names}: run 'sudo apt-get install ${names}'`,
    )
  }
  if (asRoot()) return
  const probe = execaSync('unshare', [...mapped, '--mount', 'true'], { reject: false })
  if (probe.exitCode !== 0) {
    const words = probe.stderr.trim().split('\n').at(-1)
    throw new SandboxError(
      'missing',
      `this machine does not let your user make a user namespace (${words}): build as root once, by 'sudo LEARN_CONTAINERS_CACHE=${quote(cacheDirectory())} learn-containers vm build'`,
    )
  }
}

function asRoot(): boolean {
  return process.getuid?.() === 0
}

// The provider `local`: this very machine. Only for those who ask for it by
// name, as root: lessons make cgroups, mounts and namespaces where they run.
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { constants, release } from 'node:os'
import { dirname } from 'node:path'
import { execa } from 'execa'
import { putEngine } from './engine-bundle.ts'
import { seenFromOutside } from './outside.ts'
import { openPty } from './pty.ts'
import {
  type ExecOptions,
  type ExecResult,
  type OpenOptions,
  type Outside,
  type Sandbox,
  SandboxError,
  type Shell,
  type ShellOptions,
} from './sandbox.ts'

export async function openLocal(options: OpenOptions): Promise<Sandbox> {
  if (process.platform !== 'linux')
    throw new SandboxError(
      'unsupported',
      'the sandbox `local` needs Linux: leave out --sandbox to use the VM',
    )
  if (process.getuid?.() !== 0)
    throw new SandboxError(
      'missing',
      'the sandbox `local` needs root: run it with sudo, or leave out --sandbox to use the VM',
    )
  const sandbox = new LocalSandbox()
  if (options.engine !== undefined) await putEngine(sandbox, options.engine)
  return sandbox
}

class LocalSandbox implements Sandbox {
  readonly name = 'local'
  readonly #shells = new Set<Shell>()

  outside(): Promise<Outside> {
    return seenFromOutside()
  }

  async describe(): Promise<string> {
    return `this machine, Linux ${release()}`
  }

  async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const child = execa('sh', ['-c', command], {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.stdin === undefined ? { stdin: 'ignore' as const } : { input: options.stdin }),
      // A process group of its own: ending the shell alone would leave what it started.
      detached: true,
      reject: false,
      stripFinalNewline: false,
    })
    if (options.onStdout) child.stdout.on('data', options.onStdout)
    if (options.onStderr) child.stderr.on('data', options.onStderr)
    let reason: SandboxError | undefined
    const giveUp = (error: SandboxError): void => {
      reason ??= error
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }
    const timer = options.timeout
      ? setTimeout(
          () =>
            giveUp(
              new SandboxError('timeout', `no end within ${options.timeout} ms: ${command.slice(0, 80)}`),
            ),
          options.timeout,
        )
      : undefined
    const onAbort = (): void => giveUp(new SandboxError('failed', 'stopped'))
    options.signal?.addEventListener('abort', onAbort, { once: true })
    const result = await child
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', onAbort)
    if (reason) throw reason
    const status = result.exitCode ?? 128 + (result.signal ? constants.signals[result.signal] : 0)
    return { status, stdout: result.stdout, stderr: result.stderr }
  }

  async shell(options: ShellOptions): Promise<Shell> {
    const shell = openPty({ ...options, command: options.command ?? ['bash', '-l'] })
    this.#shells.add(shell)
    void shell.exited.then(() => this.#shells.delete(shell))
    return shell
  }

  async put(path: string, content: string | Uint8Array, options: { mode?: number } = {}): Promise<void> {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(`${path}.new`, content)
    await chmod(`${path}.new`, options.mode ?? 0o644)
    await rename(`${path}.new`, path)
  }

  async get(path: string): Promise<Buffer> {
    return readFile(path).catch((error: Error) => {
      throw new SandboxError('failed', `cannot read ${path}: ${error.message}`, { cause: error })
    })
  }

  async reset(): Promise<void> {
    throw new SandboxError(
      'unsupported',
      'this machine cannot be put back to its first state: only the VM can (leave out --sandbox)',
    )
  }

  on(): () => void {
    // This machine is never lost while we live.
    return () => {}
  }

  async close(): Promise<void> {
    const shells = [...this.#shells]
    for (const shell of shells) shell.close()
    await Promise.all(shells.map((shell) => shell.exited))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

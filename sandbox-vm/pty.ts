// A terminal (PTY) on this machine, without native code: script(1) of util-linux
// makes it, and stty(1) changes its size, which also sends SIGWINCH.
//
// Used by the `local` provider, and by tests that drive our own terminal UI.
import { execa, execaSync } from 'execa'
import { quote } from './quote.ts'
import type { Shell, ShellOptions } from './sandbox.ts'

export function openPty(options: ShellOptions & { command: readonly string[] }): Shell {
  const size = `stty cols ${options.cols} rows ${options.rows}`
  const line = `${size}; exec ${options.command.map(quote).join(' ')}`
  const child = execa('script', ['-qfec', line, '/dev/null'], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { TERM: 'xterm-256color', SHELL: '/bin/sh', ...options.env },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'ignore',
    buffer: false,
    reject: false,
    forceKillAfterDelay: 300,
  })
  child.stdin.on('error', () => {})
  return {
    write: (data) => void child.stdin.write(data),
    resize: (cols, rows) => {
      const device = terminalOf(child.pid)
      if (device)
        execaSync('stty', ['-F', device, 'cols', String(cols), 'rows', String(rows)], { reject: false })
    },
    onData: (listener) => {
      child.stdout.on('data', listener)
      return () => child.stdout.off('data', listener)
    },
    exited: child.then((result) => result.exitCode ?? 255),
    close: () => void child.kill('SIGTERM'),
  }
}

/** The terminal of script's child: `/dev/pts/7`. */
function terminalOf(pid: number | undefined): string | undefined {
  const { stdout } = execaSync('ps', ['-o', 'tty=', '--ppid', String(pid)], { reject: false })
  const name = stdout.trim().split('\n')[0]?.trim()
  return name && name !== '?' ? `/dev/${name}` : undefined
}

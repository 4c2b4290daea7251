// What every sandbox can do. Each provider passes this one suite.
import { PassThrough, Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, SandboxError } from '../../sandbox-vm/sandbox.ts'

export function sandboxSuite(open: () => Promise<Sandbox>): void {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await open()
  })
  afterAll(async () => {
    await sandbox?.close()
  })

  test('exec gives status, output and errors apart', async () => {
    expect(await sandbox.exec('echo out; echo err >&2; exit 3')).toEqual({
      status: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    })
  })

  test('exec passes directory, environment and input, whatever they hold', async () => {
    const result = await sandbox.exec('pwd; echo "$WORD"; cat', {
      cwd: '/usr',
      env: { WORD: `it's "$x" ünï` },
      stdin: 'line\0byte',
    })
    expect(result.stdout).toBe(`/usr\nit's "$x" ünï\nline\0byte`)
  })

  test('exec reads a stream as it comes, and a command that does not read it ends all the same', async () => {
    const { stdout, stderr } = await sandbox.exec('cat; echo err >&2', {
      stdin: Readable.from(['one\n', 'two\n']),
    })
    expect([stdout, stderr]).toEqual(['one\ntwo\n', 'err\n'])
    const endless = new PassThrough()
    endless.write('never read')
    const heard: string[] = []
    const onStderr = (chunk: Buffer): void => void heard.push(String(chunk))
    expect((await sandbox.exec('echo err >&2; exit 4', { stdin: endless, onStderr })).status).toBe(4)
    expect(heard.join('')).toBe('err\n')
  })

  test('a command that a signal ends has status 128 and its number', async () => {
    expect((await sandbox.exec('kill -KILL $$')).status).toBe(137)
  })

  test('a command that does not end is given up', async () => {
    await expect(sandbox.exec('sleep 600', { timeout: 400 })).rejects.toThrow(SandboxError)
  })

  test('output comes as it is made', async () => {
    const abort = new AbortController()
    const seen = new Promise<string>((resolve) => {
      sandbox
        .exec('echo first; while sleep 0.2; do echo tick; done', {
          signal: abort.signal,
          onStdout: (chunk) => resolve(String(chunk)),
        })
        .catch(() => {})
    })
    expect(await seen).toContain('first')
    abort.abort()
  })

  test('a file comes back as it was put, with its mode', async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256)
    await sandbox.put('/tmp/suite dir/a file', bytes, { mode: 0o750 })
    expect(Buffer.compare(await sandbox.get('/tmp/suite dir/a file'), bytes)).toBe(0)
    expect((await sandbox.exec('stat -c %a "/tmp/suite dir/a file"; rm -r "/tmp/suite dir"')).stdout).toBe(
      '750\n',
    )
  })

  test('a file that is not there says so', async () => {
    await expect(sandbox.get('/no/such/file')).rejects.toThrow(/cannot read \/no\/such\/file/)
  })

  test('a shell is a terminal, and can be resized', async () => {
    const shell = await sandbox.shell({ cols: 91, rows: 17, command: ['sh'] })
    let output = ''
    shell.onData((chunk) => {
      output += chunk.toString()
    })
    shell.write('stty size; tty\n')
    await expect.poll(() => output).toMatch(/17 91[\s\S]*\/dev\/pts\//)
    shell.resize(60, 20)
    shell.write('stty size\n')
    await expect.poll(() => output).toContain('20 60')
    shell.write('exit 5\n')
    expect(await shell.exited).toBe(5)
  })

  test('Ctrl-C reaches the program in the shell', async () => {
    const shell = await sandbox.shell({ cols: 80, rows: 24, command: ['sh'] })
    const command = `sleep ${100_000 + Math.floor(Math.random() * 900_000)}`
    const runs = async (): Promise<boolean> => (await sandbox.exec(`pgrep -xf '${command}'`)).status === 0
    shell.write(`${command}\n`)
    await expect.poll(runs).toBe(true)
    shell.write('\x03')
    await expect.poll(runs).toBe(false)
    shell.close()
    await shell.exited
  })

  test('it says what it is', async () => {
    expect(await sandbox.describe()).toMatch(/Linux \d/)
    const outside = await sandbox.outside()
    expect(outside.kernel).toMatch(/^\w+ \d/)
    if (sandbox.name === 'qemu') expect(outside.process?.kilobytes).toBeGreaterThan(10_000)
    else expect(outside.process).toBeUndefined()
  })
}

// daemon.json and what comes of it in containers, and what SIGHUP changes. Needs root.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leftovers } from '../leftovers.mjs'
import { nothingMoreThan } from '../suites/nothing-left.ts'
import { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(isRoot)('daemon.json', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lc-settings-'))
  const file = join(directory, 'daemon.json')
  const settings = {
    ...{ 'log-driver': 'local', 'log-opts': { 'max-size': '1m' }, 'default-shm-size': '8M' },
    ...{ 'default-ulimits': { nofile: { Name: 'nofile', Soft: 70, Hard: 80 } }, 'no-new-privileges': true },
    ...{ 'default-ipc-mode': 'shareable', 'seccomp-profile': 'unconfined', labels: ['rack=1'], init: false },
  }
  let before: string[]
  let tockerd: Tockerd
  beforeAll(async () => {
    before = leftovers()
    writeFileSync(file, JSON.stringify(settings))
    tockerd = await Tockerd.open(['--config-file', file])
  })
  afterAll(async () => {
    await tockerd[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
    await nothingMoreThan(before)
  })
  const run = (...words: string[]): Promise<string> =>
    tockerd.ok('run', '--rm', '--network', 'none', ...words)

  test('is what containers get that do not say', async () => {
    const script = 'grep -E "NoNewPrivs|Seccomp:" /proc/self/status; ulimit -n; df -k /dev/shm | tail -n 1'
    const words = (await run('busybox', 'sh', '-c', script)).split(/\s+/)
    expect(words.slice(0, 5)).toEqual(['NoNewPrivs:', '1', 'Seccomp:', '0', '70'])
    expect(words.slice(5, 7)).toEqual(['shm', '8192'])
    const own = ['--ulimit', 'nofile=33', '--shm-size', '1m', '--security-opt', 'no-new-privileges=false']
    expect((await run(...own, 'busybox', 'sh', '-c', script)).split(/\s+/)).toEqual(
      expect.arrayContaining(['0', '33', '1024']),
    )
  })

  test('and inspect and info say so', async () => {
    const id = await tockerd.ok('create', '--network', 'none', 'busybox')
    const format =
      '{{json .HostConfig.LogConfig}} {{.HostConfig.ShmSize}} {{.HostConfig.IpcMode}} {{.HostConfig.Runtime}}'
    expect(await tockerd.ok('inspect', '-f', format, id)).toBe(
      '{"Type":"local","Config":{"max-size":"1m"}} 8388608 shareable tocker',
    )
    await tockerd.ok('rm', id)
    const info = '{{.LoggingDriver}} {{.DefaultRuntime}} {{.Labels}} {{.LiveRestoreEnabled}} {{.Debug}}'
    expect(await tockerd.ok('info', '-f', info)).toBe('local tocker [rack=1] false false')
  })

  test('SIGHUP changes what may change, and a mistake in it changes nothing', async () => {
    const info = (): Promise<string> =>
      tockerd.ok('info', '-f', '{{.Labels}} {{.LiveRestoreEnabled}} {{.Debug}} {{.LoggingDriver}}')
    writeFileSync(
      file,
      JSON.stringify({ ...settings, labels: ['rack=2'], 'live-restore': true, debug: true }),
    )
    process.kill(tockerd.pid, 'SIGHUP')
    await expect.poll(info).toBe('[rack=2] true true local')
    writeFileSync(file, '{"labels": ["rack"]}')
    process.kill(tockerd.pid, 'SIGHUP')
    await expect.poll(() => tockerd.log).toContain('it is key=value')
    expect(await info()).toBe('[rack=2] true true local')
    writeFileSync(file, JSON.stringify(settings))
    process.kill(tockerd.pid, 'SIGHUP')
    await expect.poll(info).toBe('[rack=1] false false local')
  })

  test('what a daemon that was killed has mounted for a start is taken away', async () => {
    const id = await tockerd.ok('create', '--network', 'none', 'busybox', 'true')
    const place = join(tockerd.directory, 'exec/shm', id)
    const leave = (): void => {
      mkdirSync(place, { recursive: true })
      execFileSync('mount', ['-t', 'tmpfs', 'shm', place])
    }
    const mounts = (): number => readFileSync('/proc/self/mounts', 'utf8').split(place).length - 1
    leave()
    await tockerd.ok('start', id)
    await tockerd.ok('wait', id)
    expect(mounts()).toBe(0)
    leave()
    await tockerd.ok('rm', id)
    expect(mounts()).toBe(0)
    expect(existsSync(place)).toBe(false)
  })

  test('containers that share their memory see the same /dev/shm, and others are refused', async () => {
    await tockerd.ok('run', '-d', '--name', 'giver', '--network', 'none', 'busybox', 'sleep', '100')
    await tockerd.ok('exec', 'giver', 'sh', '-c', 'echo shared > /dev/shm/word')
    expect(await run('--ipc', 'container:giver', 'busybox', 'cat', '/dev/shm/word')).toBe('shared')
    expect(await run('busybox', 'ls', '/dev/shm')).toBe('')
    const alone = ['run', '-d', '--name', 'alone', '--ipc', 'private', '--network', 'none', 'busybox']
    await tockerd.ok(...alone, 'sleep', '100')
    const joins = ['run', '--rm', '--network', 'none', '--ipc', 'container:alone', 'busybox', 'true']
    const refused = await tockerd.docker(joins)
    expect(refused).toMatchObject({ exitCode: 125 })
    expect(refused.stderr).toContain('non-shareable IPC')
    await tockerd.ok('rm', '-f', 'giver', 'alone')
  })
})

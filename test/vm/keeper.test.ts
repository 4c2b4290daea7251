// The VM's life: reset, death, two users, and the end of those who use it.
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { KeeperStatus } from '../../sandbox-vm/keeper/protocol.ts'
import { KeeperClient } from '../../sandbox-vm/keeper-client.ts'
import { alive } from '../../sandbox-vm/lock.ts'
import { openSandbox } from '../../sandbox-vm/open.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import type { SandboxEvent } from '../../sandbox-vm/sandbox.ts'
import { openVm } from '../suites/vm.ts'

let state: string
const before = process.env.LEARN_CONTAINERS_STATE
beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'lc-keeper-'))
  process.env.LEARN_CONTAINERS_STATE = state
})
afterAll(async () => {
  if (before === undefined) delete process.env.LEARN_CONTAINERS_STATE
  else process.env.LEARN_CONTAINERS_STATE = before
  await rm(state, { recursive: true, force: true })
})

async function status(): Promise<KeeperStatus | undefined> {
  const keeper = await KeeperClient.find({ lease: false, onState: () => {} })
  const now = await keeper?.ask({ type: 'status' }).catch(() => undefined)
  keeper?.close()
  return now
}

async function gone(...pids: (number | undefined)[]): Promise<void> {
  await expect.poll(() => pids.filter((pid) => pid !== undefined && alive(pid))).toEqual([])
}

test('reset puts the first state back: files, processes, clock right, engine there', async () => {
  await using vm = await openVm()
  await vm.exec('touch /root/dirty; mkdir /sys/fs/cgroup/dirty; sleep 600 >/dev/null 2>&1 &')
  await vm.reset()
  const { stdout } = await vm.exec('ls /root /sys/fs/cgroup; pgrep -x sleep; tocker --version')
  expect(stdout).not.toMatch(/dirty/)
  // An emulated machine takes its time to answer.
  const before = Date.now() / 1000
  const now = Number((await vm.exec('date +%s')).stdout)
  expect(now).toBeGreaterThan(before - 5)
  expect(now).toBeLessThan(Date.now() / 1000 + 5)
  expect(stdout).toMatch(/\d+\.\d+\.\d+\s*$/)
})

/** Of what is in there: when it was put in. */
const putIn = 'stat -c %y-%i /opt/tocker/.hash'

test('tocker is part of the first state, and after a reset nobody waits for it', async () => {
  await using vm = await openVm()
  const { stdout } = await vm.exec(putIn)
  await vm.reset()
  expect((await vm.exec(putIn)).stdout).toBe(stdout)
  await vm.exec('rm -r /opt/tocker')
  await vm.reset()
  expect((await vm.exec(putIn)).stdout).toBe(stdout)
})

test('a snapshot with another tocker in it is loaded, and saved again with ours', async () => {
  await (await openVm()).close()
  const label = join(state, 'machines/default/snapshot')
  const written = await readFile(label, 'utf8')
  // As if ours had been built since.
  await writeFile(label, written.replace(/\w+$/, 'older'))
  await using vm = await openVm()
  expect(await readFile(label, 'utf8')).toBe(written)
  await vm.exec('touch /root/dirty')
  await vm.reset()
  expect((await vm.exec('ls /root; tocker --version')).stdout).toMatch(/^\d+\.\d+\.\d+\s*$/)
})

test('a program that brings its own has it after a reset, too', async () => {
  const own = join(state, 'own')
  await mkdir(join(own, 'bin'), { recursive: true })
  await writeFile(join(own, 'bin/tocker'), '#!/bin/sh\necho mine\n', { mode: 0o755 })
  await using vm = await openSandbox('qemu', { engine: own })
  expect((await vm.exec('tocker')).stdout).toBe('mine\n')
  await vm.reset()
  expect((await vm.exec('tocker')).stdout).toBe('mine\n')
})

test('a VM that dies is noticed, said, and started again', async () => {
  await using vm = await openVm()
  const events: SandboxEvent[] = []
  vm.on((event) => void events.push(event))
  const shell = await vm.shell({ cols: 80, rows: 24 })
  const pid = (await status())?.qemuPid ?? 0
  process.kill(pid, 'SIGKILL')
  expect(await shell.exited).toBe(255)
  expect((await vm.exec('echo back')).stdout).toBe('back\n')
  expect(events.map((event) => event.type)).toEqual(expect.arrayContaining(['lost', 'ready']))
  expect(events.find((event) => event.type === 'lost')).toMatchObject({
    reason: expect.stringMatching(/the VM died|ended/),
  })
})

test('a VM that hangs is put back, and that QEMU is ended which does not answer either', async () => {
  await using vm = await openVm()
  const events: SandboxEvent[] = []
  vm.on((event) => void events.push(event))
  const pid = (await status())?.qemuPid ?? 0
  process.kill(pid, 'SIGSTOP')
  const lost = vm.exec('sleep 600').catch((error: unknown) => String(error))
  expect(await lost).toMatch(/went away/)
  expect((await vm.exec('echo back')).stdout).toBe('back\n')
  expect((await status())?.qemuPid).not.toBe(pid)
  expect(events).toContainEqual({
    type: 'restarting',
    reason: 'the VM does not answer: it is put back to its first state',
  })
})

test('two users share one VM; a reset asks when it would hurt the other', async () => {
  await using one = await openVm()
  await using two = await openVm()
  await one.put('/root/shared', 'x')
  expect((await two.get('/root/shared')).toString()).toBe('x')
  await expect(one.reset()).rejects.toThrow(/another program uses this VM/)
  const told = new Promise<SandboxEvent>((resolve) => two.on(resolve))
  await one.reset({ force: true })
  expect(await told).toMatchObject({ type: 'lost' })
  expect((await two.exec('ls /root')).stdout).toBe('')
})

test('the last one out stops the VM', async () => {
  const vm = await openVm()
  const now = await status()
  await vm.close()
  await gone(now?.keeperPid, now?.qemuPid)
})

test('a user that is killed does not leave the VM running', async () => {
  const script = `const { openVm } = await import('./test/suites/vm.ts'); await openVm(); console.log('open'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: packageRoot(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const now = await status()
  expect(now?.users).toHaveLength(1)
  child.kill('SIGKILL')
  await gone(now?.keeperPid, now?.qemuPid)
})

test('a keeper that is killed takes QEMU along, and the next use starts another', async () => {
  await using vm = await openVm()
  const now = await status()
  process.kill(now?.keeperPid ?? 0, 'SIGKILL')
  await gone(now?.qemuPid)
  expect((await vm.exec('echo back')).stdout).toBe('back\n')
  expect((await status())?.keeperPid).not.toBe(now?.keeperPid)
})

test('keep: the VM outlives its user until it is stopped', async () => {
  const vm = await openVm()
  const keeper = await KeeperClient.find({ lease: false, onState: () => {} })
  await keeper?.ask({ type: 'keep', keep: true })
  await vm.close()
  await expect.poll(status).toMatchObject({ state: 'ready', users: [] })
  const now = await status()
  await keeper?.ask({ type: 'stop', force: false })
  await gone(now?.keeperPid, now?.qemuPid)
})

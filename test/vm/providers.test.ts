// Every provider passes the one suite: our VM, a host over SSH (the same VM, as
// an instructor's host would be reached), and this machine.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KeeperClient, machineDirectory } from '../../sandbox-vm/keeper-client.ts'
import { openSandbox } from '../../sandbox-vm/open.ts'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'
import { sandboxSuite } from '../suites/sandbox.ts'
import { openVm } from '../suites/vm.ts'

describe('qemu', () => sandboxSuite(openVm))

describe.runIf(process.getuid?.() === 0)('local (needs root)', () => sandboxSuite(() => openSandbox('local')))

describe('ssh', () => {
  let vm: Sandbox
  let directory: string
  let target: string
  beforeAll(async () => {
    vm = await openVm()
    const keeper = await KeeperClient.find({ lease: false, onState: () => {} })
    const status = await keeper?.ask({ type: 'status' })
    keeper?.close()
    directory = await mkdtemp(join(tmpdir(), 'lc-known-hosts-'))
    target = `ssh://root@127.0.0.1:${status?.port}`
    const { readFile } = await import('node:fs/promises')
    const key = await readFile(join(machineDirectory(), 'ssh_host_ed25519_key.pub'), 'utf8')
    await writeFile(join(directory, 'known'), `[127.0.0.1]:${status?.port} ${key}`)
    process.env.LEARN_CONTAINERS_SSH_KEY = join(machineDirectory(), 'client')
    process.env.LEARN_CONTAINERS_KNOWN_HOSTS = join(directory, 'known')
  })
  afterAll(async () => {
    await vm.close()
    await rm(directory, { recursive: true })
  })
  sandboxSuite(() => openSandbox(target))

  test('a host whose key is not known is refused, with what to do', async () => {
    process.env.LEARN_CONTAINERS_KNOWN_HOSTS = join(directory, 'nobody')
    await expect(openSandbox(target)).rejects.toThrow(
      /not a known host: run 'ssh -p \d+ root@127\.0\.0\.1' once/,
    )
  })

  test('it cannot be reset, and says so', async () => {
    process.env.LEARN_CONTAINERS_KNOWN_HOSTS = join(directory, 'known')
    await using sandbox = await openSandbox(target)
    await expect(sandbox.reset()).rejects.toThrow(/only the VM can be reset/)
  })
})

test('an unknown provider is refused', async () => {
  await expect(openSandbox('kvm')).rejects.toThrow(
    'no sandbox called kvm: use qemu, local or ssh://user@host',
  )
})

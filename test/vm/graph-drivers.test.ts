// Graph drivers on the VM's kernel: devicemapper, which this machine's may not have, and
// overlay2 on Linux 6.1. The tests are test/kernel's own.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'
import { GuestRun, guestProgram, guestSuite } from '../suites/guest.ts'
import { openVm } from '../suites/vm.ts'

/** For all of it. Generous: a machine that serves several VMs was seen to take ten times as long as one that does not. */
const patience = 3_600_000
const directory = '/opt/suite'
const drivers = {
  GRAPH_DRIVERS: process.env.GRAPH_DRIVERS ?? 'devicemapper,overlay2',
  // Each layer is ten programs, and each of them takes a while to start there.
  GRAPH_DEPTH: process.env.TOCKER_VM_SUITE === 'whole' ? '101' : '30',
  GRAPH_ROUNDS: '2',
}
const { code, titles } = await guestSuite(['graph-drivers.test.ts'], drivers)
const leftovers =
  // The directory comes with the kernel's module, and so does `control`.
  'ls /tmp; ls /dev/mapper 2>/dev/null | grep -v control; losetup --all; cut -d" " -f5 /proc/self/mountinfo; ls -d /sys/block/dm-* 2>/dev/null'

describe('graph drivers in the VM', () => {
  let vm: Sandbox
  let before: string
  let run: GuestRun

  beforeAll(async () => {
    vm = await openVm()
    before = (await vm.exec(leftovers)).stdout
    await vm.put(`${directory}/suite.mjs`, code)
    await vm.put(`${directory}/graph-child.mjs`, await guestProgram("import './suites/graph-child.ts'"))
    // koffi lies with the engine.
    await vm.exec(`ln -sfn /opt/tocker/node_modules ${directory}/node_modules`)
    const env = `GRAPH_DRIVERS=${drivers.GRAPH_DRIVERS} GRAPH_DEPTH=${drivers.GRAPH_DEPTH} GRAPH_ROUNDS=${drivers.GRAPH_ROUNDS} GRAPH_CHILD=${directory}/graph-child.mjs`
    const numbers = [...titles.keys()].join(' ')
    run = new GuestRun(vm, `${env} node ${directory}/suite.mjs ${numbers}`, patience)
  })
  afterAll(async () => {
    await vm?.exec(`rm -rf ${directory}`)
    await vm?.close()
  })

  for (const [number, title] of titles.entries())
    test(title, { timeout: patience }, async () => {
      await run.passed(number)
    })

  test('nothing is left behind: no mount, loop, device or file', async () => {
    await expect.poll(async () => (await vm.exec(leftovers)).stdout, { timeout: 20_000 }).toBe(before)
  })
})

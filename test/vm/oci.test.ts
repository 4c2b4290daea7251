// The OCI runtime on the VM's kernel: cgroup v2 alone, with every controller, and Linux
// 6.1, where this machine may have v1 and a newer one. The tests are test/kernel's own.
//
// All of them take a quarter of an hour there, where Node alone takes 0.3 s to start. So
// the standing selection is what hangs on the kernel or on the version of cgroups: control
// groups whole, being frozen, counted and killed in them, namespaces, devices, filters,
// mounts by the newer calls, and the runtime without root. What is refused before a
// system call is made is refused alike everywhere. TOCKER_VM_SUITE=whole runs everything.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import flags from '../../engine/libcontainer/node-flags.json' with { type: 'json' }
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'
import { GuestRun, guestSuite } from '../suites/guest.ts'
import { openVm } from '../suites/vm.ts'

const selection = [
  /^control groups (?!.*(reservation|quota|mems|idle|burst|without a cgroupsPath))/,
  /^rootless .*(create, start, exec|a limit|gave away|ids of others|as root of a user)/,
  /^runtime\.md .*(delete removes the cgroups|pause stops|kill --all)/,
  /^exec .*(joins a user|stopped or paused|ps, list and events|execCPUAffinity)/,
  /^config-linux\.md .*(are new|the mappings|a (cgroup|time) namespace|time namespace has|devices|sysctl sets|masked)/,
  /^mounts .*(idmap shows|rro|tmpcopyup|symlinks)/,
  /^process .*(a terminal goes|ioPriority|scheduler|oomScoreAdj)/,
  /^seccomp .*(action SCMP_ACT_(ERRNO|KILL_PROCESS|LOG)|exec has)/,
  /^robust .*of ten creates/,
]
const whole = process.env.TOCKER_VM_SUITE === 'whole'
/** Generous: a machine that serves several VMs was seen to take ten times as long as one that does not. */
const patience = whole ? 7_200_000 : 1_200_000
const directory = '/opt/suite'
const launcher = `#!/bin/sh
TOCKER_NOFILE=$(ulimit -S -n)
export TOCKER_NOFILE
exec /usr/local/bin/node ${flags.join(' ')} /opt/tocker/tocker-runtime.cjs "$@"
`

const files = readdirSync(join(packageRoot(), 'test/kernel')).filter((name) => name.startsWith('oci-'))
const { code, titles } = await guestSuite(files)
const chosen = [...titles.keys()].filter((number) => {
  const title = titles[number] ?? ''
  return !title.includes('nothing is left') && (whole || selection.some((pattern) => pattern.test(title)))
})
// Two processors, so two at a time. What looks at the machine's moments comes last, alone.
const alone = chosen.filter((number) => titles[number]?.startsWith('robust '))
const others = chosen.filter((number) => !alone.includes(number))
const half = others.length / 2
/** What a container may leave there. */
const leftovers =
  'find /sys/fs/cgroup -mindepth 1 -type d; ls /tmp /var/tmp; cut -d" " -f5 /proc/self/mountinfo; ls /sys/class/net'

describe('the OCI runtime in the VM', () => {
  let vm: Sandbox
  let before: string
  const runs = new Map<number, GuestRun>()

  beforeAll(async () => {
    vm = await openVm()
    before = (await vm.exec(leftovers)).stdout
    await vm.put(`${directory}/suite.mjs`, code)
    await vm.put(`${directory}/tocker-runtime`, launcher, { mode: 0o755 })
    const start = (numbers: readonly number[]): GuestRun => {
      const run = new GuestRun(
        vm,
        `TOCKER_RUNTIME=${directory}/tocker-runtime node ${directory}/suite.mjs ${numbers.join(' ')}`,
        patience,
      )
      for (const number of numbers) runs.set(number, run)
      return run
    }
    const together = [others.slice(0, half), others.slice(half)].map(start)
    void Promise.all(together.map((run) => run.end)).then(() => start(alone))
  })
  afterAll(async () => {
    await vm?.exec(`rm -rf ${directory}`)
    await vm?.close()
  })

  for (const number of [...others, ...alone])
    test(titles[number] ?? '', { timeout: patience }, async () => {
      await expect.poll(() => runs.has(number), { timeout: patience }).toBe(true)
      await runs.get(number)?.passed(number)
    })

  test('nothing is left behind: no mount, cgroup, file or interface', async () => {
    await expect.poll(async () => (await vm.exec(leftovers)).stdout, { timeout: 20_000 }).toBe(before)
  })
})

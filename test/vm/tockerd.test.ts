// tockerd and its client in the VM, as a learner has them: Debian's kernel with cgroup v2
// alone and no systemd, where this machine may have v1. One container's life, from an
// image made on the spot to the last interface.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'
import { openVm } from '../suites/vm.ts'

const minutes = 60_000
/** Each is a process of Node in an emulated machine. */
const patience = 10 * minutes
const root = '/root/tockerd-test'

/** What tockerd takes away when it ends: interfaces, rules, cgroups, mounts, processes. */
const left = `ip -o link | cut -d: -f2; nft list tables; find /sys/fs/cgroup -type d -path '*tocker*'
cut -d' ' -f5 /proc/self/mountinfo; pgrep -l tocker; true`

describe('tockerd in the VM', () => {
  let vm: Sandbox
  let before: string
  beforeAll(async () => {
    vm = await openVm()
    before = (await vm.exec(left)).stdout
    const flags = `--data-root ${root}/data --exec-root ${root}/exec --pidfile ${root}/pid`
    await sh(`mkdir -p ${root}; tockerd ${flags} > ${root}/log 2>&1 < /dev/null &
for i in $(seq 600); do grep -q '"ready"' ${root}/log && exit; sleep 0.1; done; cat ${root}/log >&2; exit 1`)
  }, patience)
  afterAll(async () => {
    await vm?.exec(`kill "$(cat ${root}/pid)"; rm -rf ${root}`)
    await vm?.close()
  })

  beforeEach(async ({ task: { result } }) => {
    // A second try needs the names of the first.
    if ((result?.retryCount ?? 0) === 0) return
    await vm.exec(
      `tocker rm -f $(tocker ps -aq); tocker network prune -f; kill "$(cat ${root}/remap/pid)"; while [ -e ${root}/remap/pid ]; do sleep 0.2; done`,
      { timeout: patience },
    )
  })

  /** @returns what it prints @throws with what it said when it fails */
  async function sh(script: string): Promise<string> {
    const { status, stdout, stderr } = await vm.exec(script, { timeout: patience })
    if (status !== 0) throw new Error(`${script}: ${status} ${stdout} ${stderr}`)
    return stdout.trim()
  }

  test('an image without a registry, and the words of `docker info`', { timeout: patience }, async () => {
    await sh('tocker image bootstrap')
    expect(await sh("tocker images --format '{{.Repository}}:{{.Tag}}'")).toBe('busybox:latest')
    expect(await sh("tocker info --format '{{.Driver}} {{.CgroupVersion}}'")).toBe('overlay2 2')
  })

  test('limits are in the files of cgroup v2, inside and outside', { timeout: patience }, async () => {
    const limits = '-m 50M --memory-swap 60M --cpus 0.5 --pids-limit 20 --cpuset-cpus 0'
    await sh(`tocker run -d --name limited --network none ${limits} busybox sleep 1000`)
    const files = ['memory.max', 'memory.swap.max', 'cpu.max', 'pids.max', 'cpuset.cpus']
    const cat = `cd /sys/fs/cgroup; cat ${files.join(' ')}`
    const expected = ['52428800', '10485760', '50000 100000', '20', '0']
    expect((await sh(`tocker exec limited sh -c '${cat}'`)).split('\n')).toEqual(expected)
    await sh('tocker update -m 40M --memory-swap 40M --pids-limit 10 limited')
    const updated = ['41943040', '0', '50000 100000', '10', '0']
    expect((await sh(`tocker exec limited sh -c '${cat}'`)).split('\n')).toEqual(updated)
    await sh('tocker pause limited')
    expect(await sh("tocker ps --format '{{.Names}} {{.State}}'")).toBe('limited paused')
    await sh('tocker unpause limited; tocker rm -f limited')
  })

  test('a container that takes too much memory is killed, and says so', { timeout: patience }, async () => {
    const { status } = await vm.exec(
      'tocker run --name greedy -m 20M --network none busybox tail /dev/zero',
      {
        timeout: patience,
      },
    )
    expect(status).toBe(137)
    expect(await sh("tocker inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' greedy")).toBe('true 137')
    await sh('tocker rm greedy')
  })

  test('LXC makes the same container, where runc is not there', { timeout: patience }, async () => {
    await sh('tocker network create lxcs')
    const limits = '-m 50M --memory-swap 60M --pids-limit 20'
    await sh(`tocker run -d --name lxc --runtime lxc --network lxcs ${limits} busybox sleep 1000`)
    const cat = 'cd /sys/fs/cgroup; cat memory.max memory.swap.max pids.max'
    expect((await sh(`tocker exec lxc sh -c '${cat}'`)).split('\n')).toEqual(['52428800', '10485760', '20'])
    expect(await sh('lxc-ls -P /root/tockerd-test/exec/runtimes/lxc | wc -w')).toBe('1')
    const run = 'tocker run --rm --runtime lxc --network lxcs busybox'
    const { status } = await vm.exec(`${run} sh -c 'ping -c 1 lxc && exit 9'`, { timeout: patience })
    expect(status).toBe(9)
    const greedy = 'tocker run --name greedy --runtime lxc -m 20M --network none busybox tail /dev/zero'
    expect((await vm.exec(greedy, { timeout: patience })).status).toBe(137)
    expect(await sh("tocker inspect -f '{{.State.OOMKilled}}' greedy")).toBe('true')
    await sh('tocker pause lxc; tocker unpause lxc; tocker rm -f lxc greedy; tocker network rm lxcs')
  })

  test('containers on a network find each other by name, and the host finds a port', {
    timeout: patience,
  }, async () => {
    await sh('tocker network create mine')
    const serve = 'mkdir /www; echo hello > /www/index.html; httpd -f -h /www'
    await sh(`tocker run -d --name web --network mine -p 8080:80 busybox sh -c '${serve}'`)
    expect(await sh('tocker run --rm --network mine busybox wget -qO- http://web/')).toBe('hello')
    expect(await sh('curl -s http://127.0.0.1:8080/')).toBe('hello')
    await sh('tocker rm -f web; tocker network rm mine')
  })

  test('a port of SCTP is published, from this machine and from other containers', {
    timeout: patience,
  }, async () => {
    // Perl is the machine's own: busybox speaks no SCTP (132).
    const perl = 'tocker run --rm -v /:/host:ro busybox chroot /host perl'
    const open = 'use Socket; socket(S, PF_INET, SOCK_STREAM, 132) or die "socket: $!";'
    const serve = `${open} bind(S, sockaddr_in(9, INADDR_ANY)) && listen(S, 5) or die $!;
while (accept(C, S)) { syswrite(C, "hello\n"); close C }`
    const ask = `${open} connect(S, sockaddr_in(9999, inet_aton($ARGV[0]))) or die "connect: $!"; sysread(S, $said, 9); print $said`
    await vm.put(`${root}/serve.pl`, serve)
    await vm.put(`${root}/ask.pl`, ask)
    await sh(
      `${perl.replace('--rm', '-d --name sctp -p 9999:9/sctp')} ${root}/serve.pl
for i in $(seq 100); do perl ${root}/ask.pl 127.0.0.1 > ${root}/said 2>&1 && exit; sleep 0.2; done; cat ${root}/said >&2; exit 1`,
    )
    const address = await sh("ip -4 -o addr show dev eth0 | awk '{ print $4 }' | cut -d/ -f1")
    expect(await sh(`perl ${root}/ask.pl ${address}`)).toBe('hello')
    expect(await sh(`${perl} ${root}/ask.pl ${address}`)).toBe('hello')
    const clash = await vm.exec('tocker run --rm -p 9999:1/sctp busybox true', { timeout: patience })
    expect(clash.stderr).toMatch(/port is already allocated \(by container sctp\)/)
    await sh('tocker rm -f sctp')
    expect(await sh('nft list ruleset | grep -c sctp; true')).toBe('0')
  })

  test('userns-remap: users, a network and limits of their own', { timeout: patience }, async () => {
    const other = `${root}/remap`
    const at = `--data-root ${other}/data --exec-root ${other}/exec --pidfile ${other}/pid -H unix://${other}/sock`
    await sh(`echo daemon:200000:65536 | tee /etc/subuid /etc/subgid; mkdir -p ${other}
for path in / /root ${root} ${other}; do chmod o+x $path; done
tockerd ${at} --userns-remap=daemon > ${other}/log 2>&1 < /dev/null &
for i in $(seq 600); do grep -q '"ready"' ${other}/log && exit; sleep 0.1; done; cat ${other}/log >&2; exit 1`)
    const tocker = `tocker -H unix://${other}/sock`
    await sh(`${tocker} image bootstrap`)
    // More files than our own hard limit, and spared by the OOM killer: the host's root alone can give either.
    const limits = '-m 50M --ulimit nofile=700000:800000 --oom-score-adj -500'
    const script =
      "cat /sys/fs/cgroup/memory.max /proc/self/oom_score_adj; ulimit -Hn; tr -s ' ' < /proc/self/uid_map; stat -c %u /bin/busybox; ping -c 1 $(ip route | sed -n 's/default via \\([0-9.]*\\).*/\\1/p') | grep -c ' 0% packet loss'"
    await vm.put(`${root}/inside`, script)
    expect(await sh(`${tocker} run --rm ${limits} -v ${root}/inside:/inside busybox sh /inside`)).toBe(
      '52428800\n-500\n800000\n 0 200000 65536\n0\n1',
    )
    await sh(`kill "$(cat ${other}/pid)"; while [ -e ${other}/pid ]; do sleep 0.2; done`)
  })

  test('when it ends nothing is left', { timeout: patience }, async () => {
    await sh(`kill "$(cat ${root}/pid)"; while [ -e ${root}/pid ]; do sleep 0.2; done`)
    await expect.poll(async () => (await vm.exec(left)).stdout, { timeout: 60_000 }).toBe(before)
  })
})

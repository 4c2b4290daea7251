// What is asked of docker and podman, whichever runtime they have: one row of the table
// in engine/libcontainer/CONFORMANCE.md each. A case throws where the answer is wrong.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Answer, Manager } from '../suites/manager.ts'

export type Case = (manager: Manager) => Promise<void>

const works = ({ status, stderr }: Answer) => assert.equal(status, 0, stderr)
/** A file of the container's own cgroup, as it sees it: v1's name, v2's name. */
const cgroupFile = (v1: string, v2: string) =>
  `cat /sys/fs/cgroup/${v1} 2>/dev/null || cat /sys/fs/cgroup/${v2}`

function prints(flags: readonly string[], script: string, expected: string | RegExp): Case {
  return async (manager) => {
    const answer = await manager.run(flags, script)
    works(answer)
    if (typeof expected === 'string') assert.equal(answer.stdout, expected)
    else assert.match(answer.stdout, expected)
  }
}

function exits(expected: number, flags: readonly string[], ...command: string[]): Case {
  return async (manager) => {
    const { status } = await manager.cli('run', '--rm', ...manager.flags, ...flags, 'box', ...command)
    assert.equal(status, expected)
  }
}

/** With a container that sleeps, and is removed afterwards. */
function living(flags: readonly string[], use: (manager: Manager, name: string) => Promise<void>): Case {
  return async (manager) => {
    const name = await manager.start(
      flags,
      'sh',
      '-c',
      'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done',
    )
    try {
      await use(manager, name)
    } finally {
      await manager.cli('rm', '--force', name)
    }
  }
}

async function isUp(manager: Manager, name: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if ((await manager.cli('logs', name)).stdout === 'up') return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.fail('logs do not say up')
}

const state = async (manager: Manager, name: string) =>
  (await manager.cli('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', name)).stdout.trim()

const denyMkdir = JSON.stringify({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
})
/** The manager sets the size once the container runs. Rows and columns: see onTerminal(). */
const sized =
  'for i in $(seq 400); do stty size 2>/dev/null | grep -q "^17 91" && echo sized && break; sleep 0.05; done'
const capEff = 'grep CapEff /proc/self/status | cut -f2'

export const cases: Record<string, Case> = {
  run: prints([], 'echo hi', 'hi'),
  'run -it': async (manager) => {
    const args = ['run', '--rm', '-it', ...manager.flags, 'box', 'sh', '-c', `tty; ${sized}; exit 4`]
    const { status, stdout } = await manager.onTerminal(...args)
    assert.match(stdout, /\/dev\/pts\/0[\s\S]*sized/)
    assert.equal(status, 4)
  },
  'run -d, logs': living([], isUp),
  exec: living([], async (manager, name) => {
    const { status, stdout } = await manager.cli('exec', name, 'sh', '-c', 'echo hi; exit 9')
    assert.deepEqual([status, stdout], [9, 'hi'])
  }),
  'exec -it': living([], async (manager, name) => {
    const { stdout } = await manager.onTerminal('exec', '-it', name, 'sh', '-c', `tty; ${sized}`)
    assert.match(stdout, /\/dev\/pts\/\d[\s\S]*sized/)
  }),
  'exec -u -w -e': living([], async (manager, name) => {
    const flags = ['-u', 'nobody', '-w', '/tmp', '-e', 'X=y']
    const { stdout } = await manager.cli('exec', ...flags, name, 'sh', '-c', 'id -u; pwd; echo $X')
    assert.equal(stdout, '65534\n/tmp\ny')
  }),
  'exec of nothing: 127, or Docker’s 126': living([], async (manager, name) => {
    assert.equal((await manager.cli('exec', name, 'nope')).status, manager.name === 'docker' ? 126 : 127)
  }),
  'exec of no program: 126': living([], async (manager, name) => {
    assert.equal((await manager.cli('exec', name, '/etc/passwd')).status, 126)
  }),
  'kill -s KILL': living([], async (manager, name) => {
    works(await manager.cli('kill', '-s', 'KILL', name))
    await manager.cli('wait', name)
    assert.equal(await state(manager, name), 'exited 137')
  }),
  'stop: TERM arrives': living([], async (manager, name) => {
    // PID 1 ignores a signal that it does not handle, and it does not from the first moment.
    await isUp(manager, name)
    works(await manager.cli('stop', '-t', '10', name))
    assert.equal(await state(manager, name), 'exited 3')
  }),
  'pause, unpause': living([], async (manager, name) => {
    works(await manager.cli('pause', name))
    assert.match(await state(manager, name), /^paused/)
    works(await manager.cli('unpause', name))
    assert.match(await state(manager, name), /^running/)
  }),
  restart: living([], async (manager, name) => {
    works(await manager.cli('restart', '-t', '1', name))
    assert.match(await state(manager, name), /^running/)
    assert.equal((await manager.cli('exec', name, 'echo', 'hi')).stdout, 'hi')
  }),
  'update -m': living(['-m', '64m'], async (manager, name) => {
    works(await manager.cli('update', '-m', '128m', '--memory-swap', '256m', name))
    const { stdout } = await manager.cli(
      'exec',
      name,
      'sh',
      '-c',
      cgroupFile('memory/memory.limit_in_bytes', 'memory.max'),
    )
    assert.equal(stdout, '134217728')
  }),
  'stats --no-stream': living([], async (manager, name) => {
    const { stdout } = await manager.cli('stats', '--no-stream', '--format', '{{.PIDs}} {{.MemUsage}}', name)
    assert.match(stdout, /^\d+ \S+/)
  }),
  top: living([], async (manager, name) => {
    assert.match((await manager.cli('top', name)).stdout, /sleep|sh -c/)
  }),
  'rm --force': living([], async (manager, name) => {
    works(await manager.cli('rm', '--force', name))
    assert.notEqual((await manager.cli('inspect', name)).status, 0)
  }),
  'exit status 0': exits(0, [], 'true'),
  'exit status 1': exits(1, [], 'false'),
  'exit status 125: wrong flag': exits(125, ['--memory', 'nonsense'], 'true'),
  'exit status 126: not executable': exits(126, [], '/etc/passwd'),
  'exit status 127: not found': exits(127, [], 'nope'),
  'exit status 127: no such path': exits(127, [], '/nope'),
  'exit status 137: out of memory': exits(137, ['-m', '32m'], 'tail', '/dev/zero'),
  '-m': prints(['-m', '64m'], cgroupFile('memory/memory.limit_in_bytes', 'memory.max'), '67108864'),
  '--pids-limit': prints(['--pids-limit', '37'], cgroupFile('pids/pids.max', 'pids.max'), '37'),
  '--cpus': prints(['--cpus', '0.5'], cgroupFile('cpu/cpu.cfs_quota_us', 'cpu.max'), /^50000/),
  '--cpu-shares': prints(['--cpu-shares', '512'], cgroupFile('cpu/cpu.shares', 'cpu.weight'), /^(512|20)$/),
  '--read-only': prints(['--read-only'], 'touch /x 2>&1; true', /Read-only file system/),
  '--user': prints(['--user', '12:34'], 'id -u; id -g', '12\n34'),
  '--group-add': prints(['--group-add', '77'], 'id -G', /\b77\b/),
  '--tmpfs': prints(['--tmpfs', '/scratch:size=64k'], 'grep /scratch /proc/mounts', /tmpfs .*size=64k/),
  '-v, also :ro': async (manager) => {
    const directory = join(manager.directory, 'volume')
    mkdirSync(directory, { recursive: true })
    // podman may be another user.
    chmodSync(directory, 0o777)
    writeFileSync(join(directory, 'file'), 'text')
    const flags = ['-v', `${directory}:/rw`, '-v', `${directory}:/ro:ro`]
    const { stdout } = await manager.run(
      flags,
      'cat /ro/file; touch /rw/x && echo :rw; touch /ro/y 2>/dev/null || echo ro',
    )
    assert.equal(stdout, 'text:rw\nro')
  },
  '-w': prints(['-w', '/tmp'], 'pwd', '/tmp'),
  '--cap-drop ALL': prints(['--cap-drop', 'ALL'], capEff, '0000000000000000'),
  '--cap-drop ALL --cap-add': prints(
    ['--cap-drop', 'ALL', '--cap-add', 'NET_RAW'],
    capEff,
    '0000000000002000',
  ),
  'seccomp: the default profile': prints(
    [],
    'grep Seccomp: /proc/self/status; unshare -n true 2>&1; true',
    /2\n[\s\S]*not permitted/,
  ),
  'seccomp: one’s own profile': async (manager) => {
    const profile = join(manager.directory, 'seccomp.json')
    writeFileSync(profile, denyMkdir)
    const { stdout } = await manager.run(['--security-opt', `seccomp=${profile}`], 'mkdir /tmp/x 2>&1; true')
    assert.match(stdout, /not permitted/)
  },
  'seccomp=unconfined': prints(
    ['--security-opt', 'seccomp=unconfined'],
    'grep Seccomp: /proc/self/status',
    'Seccomp:\t0',
  ),
  'no-new-privileges': prints(
    ['--security-opt', 'no-new-privileges'],
    'grep NoNewPrivs /proc/self/status',
    'NoNewPrivs:\t1',
  ),
  '--privileged': prints(
    ['--privileged'],
    'mount -t tmpfs x /tmp && echo mounted; ls /dev/kmsg',
    'mounted\n/dev/kmsg',
  ),
  '--init': async (manager) => {
    const path = manager.name === 'podman' ? ['--init-path', '/usr/bin/tini-static'] : []
    const { stdout } = await manager.run(['--init', ...path], 'cat /proc/1/comm')
    assert.match(stdout, /init|tini/)
  },
  '--hostname': prints(['--hostname', 'red'], 'hostname', 'red'),
  '--ulimit': prints(
    ['--ulimit', 'nofile=99:199', '--ulimit', 'nproc=999:999'],
    'ulimit -n; ulimit -Hn',
    '99\n199',
  ),
  '--sysctl': prints(['--sysctl', 'net.ipv4.ip_forward=1'], 'cat /proc/sys/net/ipv4/ip_forward', '1'),
  '--device': prints(
    ['--device', '/dev/null:/dev/mine'],
    'echo x > /dev/mine && stat -c %t:%T /dev/mine',
    '1:3',
  ),
  '--shm-size': prints(['--shm-size', '1m'], 'grep " /dev/shm " /proc/mounts', /size=1024k/),
  '--oom-score-adj': prints(['--oom-score-adj', '123'], 'cat /proc/self/oom_score_adj', '123'),
  '--pid=host': prints(['--pid', 'host'], `ls -d /proc/${process.pid}`, `/proc/${process.pid}`),
  '--pid=container': living([], async (manager, name) => {
    const { stdout } = await manager.run(['--pid', `container:${name}`], 'cat /proc/1/cmdline')
    assert.match(stdout, /trap/)
  }),
  '--ipc=host': prints(['--ipc', 'host'], 'readlink /proc/self/ns/ipc', /ipc:/),
  '--uts=host': prints(['--uts', 'host'], 'readlink /proc/self/ns/uts', /uts:/),
  '-i: stdin arrives': async (manager) => {
    const { stdout } = await manager.feed('some text', 'run', '--rm', '-i', ...manager.flags, 'box', 'cat')
    assert.equal(stdout, 'some text')
  },
  'exec -i: stdin arrives': living([], async (manager, name) => {
    assert.equal((await manager.feed('some text', 'exec', '-i', name, 'cat')).stdout, 'some text')
  }),
  '10 at once': async (manager) => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => manager.run([], `echo ${index}`)),
    )
    assert.deepEqual(
      answers.map(({ stdout }) => stdout),
      Array.from({ length: 10 }, (_, index) => String(index)),
    )
  },
}

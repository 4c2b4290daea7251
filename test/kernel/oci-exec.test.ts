// `exec`: a second process in a running container. Not in the specification; runc's
// command line is what managers know. Needs root.
import { readFileSync, readlinkSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { Runtime } from '../suites/bundle.ts'
import { baseNamespaces } from '../suites/bundle-config.ts'
import { openConsole } from '../suites/console.ts'
import { must, mustEach } from '../suites/must.ts'

let runtime: Runtime

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('exec (needs root)', () => {
  beforeAll(async () => {
    runtime = await Runtime.open()
  })
  afterEach(() => runtime.clean())
  afterAll(() => runtime.close())

  const launched = async (overrides = {}) => {
    const container = await runtime.container(overrides)
    await container.launch()
    return container
  }

  must('exec joins the namespaces, the cgroup and the root of the container', async () => {
    const container = await launched({
      linux: { namespaces: [...baseNamespaces, { type: 'cgroup' }] },
    })
    const { pid } = await container.state()
    const names = ['pid', 'net', 'mnt', 'ipc', 'uts', 'cgroup']
    const { stdout } = await container.exec(
      `for n in ${names.join(' ')}; do readlink /proc/self/ns/$n; done; hostname; cat /proc/self/cgroup`,
    )
    const lines = stdout.split('\n')
    expect(lines.slice(0, 6)).toEqual(names.map((name) => readlinkSync(`/proc/${pid}/ns/${name}`)))
    expect(lines[6]).toBe('blue')
    // In the container's own cgroup namespace its cgroup is "/".
    expect(lines.slice(7).join('\n')).toMatch(/:\/$/m)
  })

  must('exec has the status of the program, and its output apart', async () => {
    const container = await launched()
    expect(await container.exec('echo out; echo err >&2; exit 7')).toEqual({
      status: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    expect((await container.exec('kill -9 $$')).status).toBe(137)
  })

  mustEach(
    'exec of a program that is %s says what managers know',
    [
      ['missing', ['nope'], /executable file not found in \$PATH/],
      ['missing at its path', ['/nope'], /no such file or directory/],
      ['not executable', ['/etc/passwd'], /permission denied/],
    ] as const,
    async (_name, args, message) => {
      const container = await launched()
      const { status, stderr } = await container.exec(args)
      expect(status).toBe(255)
      expect(stderr).toMatch(message)
      expect(stderr).not.toMatch(/ at .*:\d+:\d+/)
    },
  )

  must('exec takes --user, --cwd, --env, --additional-gids and --cap', async () => {
    const container = await launched()
    const flags = ['--user', '7:8', '--cwd', '/tmp', '--env', 'WORD=two words', '--additional-gids', '9']
    const { stdout } = await container.exec('id -u; id -g; id -G; pwd; echo "$WORD"', flags)
    expect(stdout).toBe('7\n8\n8 9\n/tmp\ntwo words\n')
    const more = await container.exec('grep CapBnd /proc/self/status', ['--cap', 'CAP_NET_RAW'])
    // CHOWN, KILL, SETGID, SETUID, NET_BIND_SERVICE of the configuration, and NET_RAW.
    expect(more.stdout).toBe('CapBnd:\t00000000000024e1\n')
  })

  // CVE-2022-29162: what is inheritable outlives a set of the file's that lacks it.
  must('exec adds capabilities, and none that is inheritable', async () => {
    const container = await launched()
    const { stdout } = await container.exec('grep -E "CapInh|CapEff|CapAmb" /proc/self/status', [
      '--cap',
      'CAP_NET_RAW',
    ])
    expect(stdout).toBe('CapInh:\t0000000000000000\nCapEff:\t00000000000024e1\nCapAmb:\t0000000000000000\n')
  })

  must('exec has the rights of the container’s process', async () => {
    const container = await launched({
      process: { rlimits: [{ type: 'RLIMIT_NOFILE', soft: 99, hard: 99 }] },
    })
    const { stdout } = await container.exec('grep -E "CapEff|CapBnd|NoNewPrivs" /proc/self/status; ulimit -n')
    expect(stdout).toBe('CapEff:\t00000000000004e1\nCapBnd:\t00000000000004e1\nNoNewPrivs:\t1\n99\n')
  })

  must('exec --process reads what runs from a file; --pid-file says its PID', async () => {
    const container = await launched()
    const process = {
      args: ['sh', '-c', 'echo "$0 $X"; sleep 1000', 'name'],
      env: ['X=from the file', 'PATH=/bin'],
      cwd: '/tmp',
      user: { uid: 5, gid: 6 },
    }
    const [file, pidFile] = [join(container.bundle, 'process.json'), join(container.bundle, 'pid')]
    await writeFile(file, JSON.stringify(process))
    const flags = ['exec', '--detach', '--process', file, '--pid-file', pidFile, container.id]
    expect(await runtime.call(flags)).toMatchObject({ status: 0 })
    const status = await readFile(`/proc/${await readFile(pidFile, 'utf8')}/status`, 'utf8')
    expect(status).toMatch(/^Uid:\t5\t/m)
    expect(status).toMatch(/^Gid:\t6\t/m)
  })

  must('execCPUAffinity is where exec runs: initial before the cgroup, final in it', async () => {
    const cpus = readFileSync('/sys/devices/system/cpu/online', 'utf8').trim()
    const container = await launched({
      process: { execCPUAffinity: { initial: '0', final: '0' } },
    })
    const allowed = 'grep Cpus_allowed_list /proc/self/status | cut -f2'
    // Not for the container's own process.
    const { pid } = await container.state()
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toContain(`Cpus_allowed_list:\t${cpus}\n`)
    expect((await container.exec(allowed)).stdout).toBe('0\n')
    const runs = async (execCPUAffinity: object) => {
      const file = join(container.bundle, 'process.json')
      const args = ['sh', '-c', allowed]
      await writeFile(
        file,
        JSON.stringify({ args, cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 }, execCPUAffinity }),
      )
      return runtime.call(['exec', '--process', file, container.id])
    }
    expect((await runs({ initial: '0' })).stdout).toBe(`${cpus}\n`)
    expect((await runs({ final: '0' })).stdout).toBe('0\n')
    for (const wrong of [{ initial: '1000' }, { final: '1000' }]) {
      const { status, stderr } = await runs(wrong)
      expect(status).not.toBe(0)
      expect(stderr).toMatch(/run on the CPUs 1000/)
    }
  })

  must('exec with a terminal sends it to the console socket', async () => {
    const container = await launched()
    const socket = join(container.bundle, 'socket')
    const console = await openConsole(socket)
    try {
      const flags = ['--tty', '--detach', '--console-socket', socket]
      expect(await container.exec('tty; read line; echo "got $line"', flags)).toMatchObject({ status: 0 })
      await expect.poll(() => console.output()).toMatch(/received 1: [\s\S]*\/dev\/pts\/\d/)
      console.type('hello\n')
      await expect.poll(() => console.output()).toMatch(/got hello/)
    } finally {
      await console.close()
    }
  })

  must('exec joins a user namespace', async () => {
    const mapping = [{ containerID: 0, hostID: 100_000, size: 65_536 }]
    const container = await launched({
      linux: {
        namespaces: [...baseNamespaces, { type: 'user' }],
        uidMappings: mapping,
        gidMappings: mapping,
      },
    })
    expect((await container.exec('id -u; cut -c1-30 /proc/self/uid_map | tr -s " "')).stdout).toMatch(
      /^0\n 0 100000/,
    )
  })

  must('exec is refused in a container that is stopped or paused', async () => {
    const container = await launched()
    await runtime.call(['pause', container.id])
    const paused = await container.exec('true')
    expect(paused.status).not.toBe(0)
    expect(paused.stderr).toMatch(/paused/)
    await runtime.call(['resume', container.id])
    await container.kill()
    await expect.poll(() => container.status()).toBe('stopped')
    expect((await container.exec('true')).status).not.toBe(0)
  })

  must('exec is refused while create is still at work: what it would see is the host', async () => {
    const container = await runtime.container()
    const go = join(container.bundle, 'go')
    const wait = `while ! test -e ${go}; do sleep 0.05; done`
    await container.configure({
      hooks: { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', wait], env: ['PATH=/bin:/usr/bin'] }] },
    })
    const creating = container.create()
    try {
      await expect.poll(() => container.status().catch(() => '')).toBe('creating')
      const early = await container.exec('cat /etc/passwd')
      expect(early).toMatchObject({ stdout: '', stderr: expect.stringMatching(/still being created/) })
      expect(early.status).not.toBe(0)
    } finally {
      await writeFile(go, '')
      expect(await creating).toMatchObject({ status: 0 })
    }
  })

  must('ps, list and events say what is there', async () => {
    const container = await launched()
    const { pid } = await container.state()
    expect(JSON.parse((await runtime.call(['ps', '--format', 'json', container.id])).stdout)).toEqual([pid])
    expect((await runtime.call(['ps', container.id])).stdout).toMatch(/PID[\s\S]*sleep 1000/)
    expect((await runtime.call(['list', '--quiet'])).stdout).toContain(`${container.id}\n`)
    const list = JSON.parse((await runtime.call(['list', '--format', 'json'])).stdout)
    expect(list).toContainEqual(
      expect.objectContaining({ id: container.id, pid, status: 'running', bundle: container.bundle }),
    )
    const events = JSON.parse((await runtime.call(['events', '--stats', container.id])).stdout)
    expect(events).toMatchObject({ type: 'stats', id: container.id, data: { pids: { current: 1 } } })
    expect(events.data.memory.usage.usage).toBeGreaterThan(0)
  })
})

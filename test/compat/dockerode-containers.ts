// Containers through dockerode: what dockerode.test.ts asks of each daemon about the life of
// one, its streams, and what goes on in it.
import { text } from 'node:stream/consumers'
import type Docker from 'dockerode'
import { expect, test } from 'vitest'
import { createBox, demuxed, firstObjects } from '../suites/engine-client.ts'

const id = expect.stringMatching(/^[0-9a-f]{64}$/)
const digest = expect.stringMatching(/^sha256:[0-9a-f]{64}$/)
const number = expect.any(Number)
const script = (line: string): string[] => ['sh', '-c', line]

export function containerTests(client: () => Docker): void {
  test('create, inspect, list, rename, update, remove', async () => {
    const docker = client()
    const labels = { of: 'a test' }
    await using one = await createBox(docker, {
      ...{ name: 'first', Cmd: script('exit 3'), Env: ['A=1'], Labels: labels, WorkingDir: '/tmp' },
      HostConfig: { Memory: 64 << 20, RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
    })
    expect(one.id).toEqual(id)
    expect(await one.inspect()).toMatchObject({
      ...{ Id: one.id, Name: '/first', Path: 'sh', Args: ['-c', 'exit 3'], Image: digest, RestartCount: 0 },
      State: { Status: 'created', Running: false, ExitCode: 0, Pid: 0, StartedAt: '0001-01-01T00:00:00Z' },
      Config: { Cmd: script('exit 3'), Env: expect.arrayContaining(['A=1']), Labels: labels },
      HostConfig: { Memory: 64 << 20, NetworkMode: 'none', RestartPolicy: { MaximumRetryCount: 2 } },
    })
    await one.rename({ name: 'second' })
    await one.update({ Memory: 32 << 20, MemorySwap: 64 << 20, CpuShares: 100 })
    expect((await one.inspect()).HostConfig).toMatchObject({ Memory: 32 << 20, CpuShares: 100 })
    const list = await docker.listContainers({ all: true, filters: { label: ['of=a test'] } })
    expect(list).toMatchObject([
      { Id: one.id, Names: ['/second'], State: 'created', Status: 'Created', Image: 'box', Labels: labels },
    ])
    expect(await docker.listContainers({ filters: { label: ['of'] } })).toEqual([])
    await expect(createBox(docker, { name: 'second' })).rejects.toMatchObject({ statusCode: 409 })
    await one.remove()
    await expect(one.inspect()).rejects.toMatchObject({
      statusCode: 404,
      message: expect.stringMatching(/No such container/),
    })
  })

  test('attach before start: both streams, and wait', async () => {
    const docker = client()
    await using one = await createBox(docker, { Cmd: script('echo out; echo err >&2; exit 3') })
    const stream = await one.attach({ stream: true, stdout: true, stderr: true })
    const ended = one.wait({ condition: 'next-exit' })
    await one.start()
    expect(await demuxed(docker, stream)).toEqual({ stdout: 'out\n', stderr: 'err\n' })
    expect(await ended).toMatchObject({ StatusCode: 3 })
    await expect(one.kill()).rejects.toMatchObject({ statusCode: 409 })
  })

  test('attach with standard input, hijacked, and its end', async () => {
    const docker = client()
    await using one = await createBox(docker, {
      Cmd: ['cat'],
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
    })
    const stream = await one.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true })
    await one.start()
    const said = demuxed(docker, stream)
    stream.write('hello\n')
    stream.end('end\n')
    expect(await said).toEqual({ stdout: 'hello\nend\n', stderr: '' })
  })

  test('a terminal: one stream, its size, and resize', async () => {
    const docker = client()
    await using one = await createBox(docker, {
      Cmd: script('read x; stty size; echo $x'),
      Tty: true,
      OpenStdin: true,
    })
    const stream = await one.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true })
    const said = text(stream)
    await one.start()
    await one.resize({ h: 33, w: 99 })
    stream.write('typed\n')
    expect(await said).toContain('33 99\r\ntyped\r\n')
  })

  test('exec: output, input, inspect, resize, what is refused', async () => {
    const docker = client()
    await using one = await createBox(docker, { Cmd: ['sleep', '100'] })
    await one.start()
    const wanted = { AttachStdin: true, AttachStdout: true, AttachStderr: true }
    const exec = await one.exec({ ...wanted, Cmd: script('cat; echo err >&2; exit 4'), Env: ['A=1'] })
    const stream = await exec.start({ hijack: true, stdin: true })
    stream.end('given')
    expect(await demuxed(docker, stream)).toEqual({ stdout: 'given', stderr: 'err\n' })
    expect(await exec.inspect()).toMatchObject({
      ...{ ID: exec.id, ContainerID: one.id, Running: false, ExitCode: 4, OpenStdin: true },
      ProcessConfig: { entrypoint: 'sh', arguments: ['-c', 'cat; echo err >&2; exit 4'], tty: false },
    })
    const terminal = await one.exec({ ...wanted, Tty: true, Cmd: script('read x; stty size') })
    const screen = await terminal.start({ hijack: true, stdin: true, Tty: true })
    const said = text(screen)
    await terminal.resize({ h: 20, w: 70 })
    screen.write('\n')
    expect(await said).toContain('20 70')
    await one.kill({ signal: 'KILL' })
    await one.wait()
    await expect(one.exec({ Cmd: ['true'] })).rejects.toMatchObject({ statusCode: 409 })
  })

  test('logs: all, the last, with times, since, and following', async () => {
    const docker = client()
    await using one = await createBox(docker, {
      Cmd: script('echo one; sleep 1.1; echo two >&2; sleep 0.3; echo three'),
    })
    await one.start()
    const stream = await one.logs({ stdout: true, stderr: true, follow: true })
    expect(await demuxed(docker, stream)).toEqual({ stdout: 'one\nthree\n', stderr: 'two\n' })
    const both = { stdout: true, stderr: true }
    expect(String(await one.logs({ ...both, tail: 1 }))).toContain('three\n')
    expect(String(await one.logs({ ...both, timestamps: true }))).toMatch(/\d{4}-\d\d-\d\dT[\d:.]{18}Z one\n/)
    const { State } = await one.inspect()
    const since = Math.ceil(Date.parse(State.StartedAt) / 1000) + 0.5
    expect(String(await one.logs({ stdout: true, stderr: false, since }))).not.toContain('one')
    expect(String(await one.logs({ stdout: false, stderr: true }))).toContain('two')
    await expect(one.logs({ stdout: false, stderr: false })).rejects.toMatchObject({ statusCode: 400 })
  })

  test('stats: once, and as a stream; top; changes', async () => {
    const docker = client()
    await using one = await createBox(docker, {
      Cmd: script('echo x > /made; sleep 100'),
      HostConfig: { Memory: 64 << 20 },
    })
    await one.start()
    const stats = {
      ...{
        read: expect.any(String),
        preread: expect.any(String),
        num_procs: 0,
        pids_stats: { current: number },
      },
      ...{ cpu_stats: { cpu_usage: { total_usage: number }, system_cpu_usage: number, online_cpus: number } },
      ...{ memory_stats: { usage: number, limit: 64 << 20, stats: expect.any(Object) } },
      ...{ id: one.id, name: expect.stringMatching(/^\//), blkio_stats: expect.any(Object) },
    }
    await expect.poll(() => one.stats({ stream: false })).toMatchObject(stats)
    const [first, second] = await firstObjects(await one.stats({ stream: true }), 2)
    expect(first).toMatchObject(stats)
    expect(Date.parse(String(second?.read))).toBeGreaterThan(Date.parse(String(first?.read)))
    const { Titles, Processes } = await one.top({ ps_args: '-o pid,args' })
    expect(Titles).toEqual(['PID', 'COMMAND'])
    expect(Processes.map(([, command]: string[]) => command)).toContain('sleep 100')
    expect(await one.changes()).toContainEqual({ Path: '/made', Kind: 1 })
    expect(await one.inspect()).toMatchObject({ State: { Running: true, Pid: number } })
  })

  test('pause, stop, restart, start again: what is not modified is told so', async () => {
    const docker = client()
    await using one = await createBox(docker, { Cmd: ['sleep', '100'] })
    await one.start()
    await expect(one.start()).rejects.toMatchObject({ statusCode: 304 })
    await one.pause()
    expect((await one.inspect()).State).toMatchObject({ Status: 'paused', Paused: true, Running: true })
    await expect(one.pause()).rejects.toMatchObject({ statusCode: 409 })
    await one.unpause()
    await one.restart({ t: 0 })
    await one.stop({ t: 0 })
    await expect(one.stop()).rejects.toMatchObject({ statusCode: 304 })
    expect(await one.wait()).toMatchObject({ StatusCode: 137 })
    expect((await docker.pruneContainers()).ContainersDeleted).toEqual([one.id])
  })

  test('events: of a container’s life, filtered', async () => {
    const docker = client()
    const since = Math.floor(Date.now() / 1000)
    const stream = await docker.getEvents({ filters: { type: ['container'], label: ['watched'] } })
    await using one = await createBox(docker, { name: 'seen', Cmd: ['true'], Labels: { watched: '1' } })
    await one.start()
    const events = await firstObjects(stream, 3)
    const common = {
      Type: 'container',
      Actor: { ID: one.id },
      scope: 'local',
      time: number,
      timeNano: number,
    }
    expect(events).toMatchObject(
      ['create', 'start', 'die'].map((Action) => ({ ...common, Action, status: Action, from: 'box' })),
    )
    expect(events.at(-1)).toMatchObject({
      Actor: { Attributes: { name: 'seen', exitCode: '0', watched: '1' } },
    })
    const past = await docker.getEvents({
      since,
      until: Math.floor(Date.now() / 1000) + 1,
      filters: { event: ['die'] },
    })
    expect(await text(past)).toContain('"exitCode":"0"')
  })
}

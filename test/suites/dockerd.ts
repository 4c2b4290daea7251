// A dockerd of a test's own: it pulls, pushes and keeps images, and, in a network namespace
// of its own, runs containers with networks.
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'

export interface Dockerd extends AsyncDisposable {
  /** `docker pull …`: what it prints. @throws with its stderr when it fails */
  docker(...args: string[]): Promise<string>
  readonly socket: string
  readonly pid: number
}

/**
 * @param directory gets all of it; short, since a socket is in there
 * @param namespace path of the network namespace that it takes for the host's; without one it has no networks
 * @param mounts path of its mount namespace
 */
export async function openDockerd(
  directory: string,
  driver = 'vfs',
  more: string[] = [],
  namespace?: string,
  mounts?: string,
): Promise<Dockerd> {
  const at = (path: string): string => join(directory, path)
  mkdirSync(directory, { recursive: true })
  const socket = `unix://${at('socket')}`
  const networks =
    namespace === undefined ? ['--bridge', 'none', '--iptables=false', '--ip6tables=false'] : []
  const namespaces = [
    ...(namespace === undefined ? [] : [`--net=${namespace}`]),
    ...(mounts === undefined ? [] : [`--mount=${mounts}`]),
  ]
  const [file = '', ...before] = namespaces.length === 0 ? ['dockerd'] : ['nsenter', ...namespaces, 'dockerd']
  const daemon = spawn(
    file,
    [
      ...before,
      ...['--host', socket, '--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid')],
      ...[...networks, '--storage-driver', driver, ...more],
    ],
    { stdio: 'ignore' },
  )
  const env = { DOCKER_HOST: socket, DOCKER_CONFIG: at('config') }
  const docker = async (...args: string[]): Promise<string> =>
    (await execa('docker', args, { env, stdin: 'ignore' })).stdout
  for (let tries = 0; ; tries++) {
    const up = await docker('version').then(
      () => true,
      () => false,
    )
    if (up) break
    if (tries > 600) throw new Error('dockerd does not answer')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    docker,
    socket,
    pid: daemon.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise((resolve) => daemon.once('exit', resolve))
      if (daemon.kill()) await ended
      rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

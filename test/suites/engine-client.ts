// dockerode, the client of Docker's API that most programs in Node have, pointed at a daemon
// of a test's own, and what its streams say.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import Docker from 'dockerode'
import { execa } from 'execa'
import { makeRootfs } from './bundle.ts'

export function clientOf(socket: string): Docker {
  return new Docker({ socketPath: socket.replace('unix://', '') })
}

/** A container without a network, which is removed when it is disposed. */
export async function createBox(
  docker: Docker,
  options: Docker.ContainerCreateOptions,
): Promise<Docker.Container & AsyncDisposable> {
  const { HostConfig, ...rest } = options
  const container = await docker.createContainer({
    ...{ Image: 'box', ...rest, HostConfig: { NetworkMode: 'none', ...HostConfig } },
  })
  return Object.assign(container, {
    [Symbol.asyncDispose]: () => container.remove({ force: true, v: true }).catch(() => {}),
  })
}

/** As `box`, with `sh` as its command, and the only image. @param directory for the root filesystem, which stays there */
export async function importBox(docker: Docker, directory: string): Promise<void> {
  for (const { Id } of await docker.listImages()) await docker.getImage(Id).remove()
  const rootfs = join(directory, 'box')
  await makeRootfs(rootfs)
  await finished(
    docker,
    await docker.importImage(Readable.from([await packed(rootfs)]), {
      ...{ repo: 'box', tag: 'latest', changes: 'CMD ["sh"]' },
    }),
  )
}

/** An archive of everything in a directory. */
async function packed(directory: string): Promise<Buffer> {
  const { stdout } = await execa(
    'tar',
    ['-C', directory, '--owner=0', '--group=0', '-c', ...readdirSync(directory)],
    { encoding: 'buffer', maxBuffer: 2 ** 28 },
  )
  return Buffer.from(stdout)
}

/** The lines of a verb that takes long, as objects. @throws what the last line says went wrong */
export function finished(docker: Docker, stream: NodeJS.ReadableStream): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error, lines) => (error ? reject(error) : resolve(lines ?? [])))
  })
}

/** Both streams of a container without a terminal, until the end. */
export async function demuxed(
  docker: Docker,
  stream: NodeJS.ReadableStream,
): Promise<{ stdout: string; stderr: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()]
  docker.modem.demuxStream(stream, out, err)
  stream.on('end', () => {
    out.end()
    err.end()
  })
  const [stdout, stderr] = await Promise.all([text(out), text(err)])
  return { stdout, stderr }
}

/** The first JSON objects, one a line, of a stream without an end, which is given up then. */
export async function firstObjects(
  stream: NodeJS.ReadableStream,
  count: number,
): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = []
  let rest = ''
  for await (const chunk of stream) {
    rest += String(chunk)
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    found.push(...lines.filter(Boolean).map((line) => JSON.parse(line)))
    if (found.length >= count) break
  }
  return found
}

// sd_notify(3): how a service tells systemd that it is ready. systemd names a socket in
// NOTIFY_SOCKET and believes only processes of the service's own cgroup, so a container
// cannot speak for itself: it gets a socket of ours, and we pass on its word, as runc does.
//
//   container                    start, or run                 systemd
//   /run/notify/notify.sock ---> READY=1 ────────────────────> $NOTIFY_SOCKET
//                                MAINPID=<the container's> ──>   (detached: we are gone then)
//                                BARRIER=1 and a descriptor ─>   closes it: all was read
//
// The socket is in the container's directory, which `create` binds into the container;
// `start` makes the socket, since who reads it has to live until then.
//
// Called by the verbs create, run and start; a daemon's containers are no services.
//
// Next: engine/libcontainer/run.ts
import { chmodSync, closeSync, constants, existsSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bindUnixDatagram, connectUnixDatagram, receiveNow, sendFds, socketpair } from '../syscalls/socket.ts'
import type { Config } from './config/config.ts'
import { isAlive, type ProcessIdentity } from './process-identity.ts'
import { containerDirectory } from './state.ts'

const inside = '/run/notify'
const file = 'notify.sock'
/** Milliseconds between two looks: a descriptor of datagrams is nothing that Node waits for. */
const interval = 20
/** Milliseconds for systemd to have read what it was sent, as runc gives it. */
const patience = 30_000

export function notifyDirectory(root: string, id: string): string {
  return join(containerDirectory(root, id), 'notify')
}

/** The config of a container that has a socket: where it is, and its name. @param root of all containers' states */
export function withNotifySocket(config: Config, root: string, id: string): Config {
  const { process, mounts = [] } = config
  if (process === undefined) return config
  const options = ['bind', 'nosuid', 'noexec', 'nodev', 'ro']
  return {
    ...config,
    process: { ...process, env: [...(process.env ?? []), `NOTIFY_SOCKET=${inside}/${file}`] },
    mounts: [...mounts, { destination: inside, source: notifyDirectory(root, id), options }],
  }
}

/** Made by `create`: there is something to bind, and nobody to listen yet. */
export function makeNotifyDirectory(root: string, id: string): void {
  const directory = notifyDirectory(root, id)
  mkdirSync(directory)
  // For every user in there to pass, whatever our umask is.
  chmodSync(directory, 0o755)
}

export class NotifySocket implements Disposable {
  readonly #socket: number
  readonly #host: string
  #closed = false

  private constructor(socket: number, host: string) {
    this.#socket = socket
    this.#host = host
  }

  /** @param host what NOTIFY_SOCKET says @returns undefined for a container that was created without */
  static open(root: string, id: string, host: string | undefined): NotifySocket | undefined {
    const directory = notifyDirectory(root, id)
    if (!host || !existsSync(directory)) return undefined
    // By way of a descriptor: with a long id the path has more than the 107 bytes of unix(7).
    const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      const path = `/proc/self/fd/${fd}/${file}`
      const socket = bindUnixDatagram(path)
      chmodSync(path, 0o777)
      return new NotifySocket(socket, host)
    } finally {
      closeSync(fd)
    }
  }

  /**
   * Waits until the container is ready, and says so; or until it has ended.
   * @param mainPid which process systemd is to watch from here on; left out, the one that it started
   */
  async forward(container: ProcessIdentity, mainPid?: number): Promise<void> {
    while (!this.#closed && isAlive(container)) {
      const ready = this.#ready()
      if (ready !== undefined) {
        await this.#tell(ready, mainPid)
        return
      }
      await sleep(interval)
    }
  }

  /** The line of a datagram that says it; others are about status and watchdogs. */
  #ready(): string | undefined {
    for (;;) {
      const said = receiveNow(this.#socket)
      if (said === undefined) return undefined
      const line = Buffer.from(said)
        .toString()
        .split('\n')
        .find((one) => one.startsWith('READY='))
      if (line !== undefined) return line
    }
  }

  async #tell(ready: string, mainPid: number | undefined): Promise<void> {
    const systemd = connectUnixDatagram(this.#host)
    const [ours, theirs] = socketpair()
    try {
      writeSync(systemd, `${ready}\n`)
      if (mainPid !== undefined) writeSync(systemd, `MAINPID=${mainPid}\n`)
      // It finds the sender of a message by its PID: who exits at once is nobody it knows.
      sendFds(systemd, [theirs], 'BARRIER=1')
    } finally {
      closeSync(theirs)
      closeSync(systemd)
    }
    try {
      for (const end = Date.now() + patience; Date.now() < end; await sleep(interval))
        if (receiveNow(ours)?.length === 0) return
    } finally {
      closeSync(ours)
    }
  }

  [Symbol.dispose](): void {
    if (!this.#closed) closeSync(this.#socket)
    this.#closed = true
  }
}

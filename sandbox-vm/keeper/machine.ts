// One QEMU, from its start to its end.
//
// The first boot is a real one: kernel, initramfs, sshd. When sshd answers, tocker is put
// in, and the whole machine is saved into the disk file as the snapshot `ready`. Every later
// start and every reset loads that snapshot: a reset takes half a second, where a boot
// takes more than ten (sandbox-vm/README.md). A snapshot belongs to a QEMU version, an image and a
// machine shape; when any differs, or it does not load, the machine boots anew. When only
// tocker differs, it is loaded, gets the new one, and is saved again.
//
// Called by keeper/main.ts, which decides when; this file knows how.
import { existsSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { directoryHash, putEngine } from '../engine-bundle.ts'
import type { Image } from '../image/build.ts'
import { type Accelerator, machineArguments, qemuProgram, serialConsole } from './acceleration.ts'
import { Qmp } from './qmp.ts'

export const memoryMegabytes = 1024

export interface MachineFiles {
  /** Directory of this machine: disk, serial log, snapshot's label. */
  directory: string
  image: Image
  initrd: string
  qmpSocket: string
  /** Directory of the engine that is part of the first state; left out where nobody has built one. */
  engine?: string
}

export class Machine {
  readonly port: number
  /** Resolves when QEMU has ended, with its last words. */
  readonly ended: Promise<string>
  readonly #files: MachineFiles
  readonly #process: QemuProcess
  #qmp: Qmp | undefined
  #over = false

  private constructor(files: MachineFiles, port: number, process_: QemuProcess) {
    this.#files = files
    this.#process = process_
    this.port = port
    this.ended = process_.then((result) => {
      this.#over = true
      this.#qmp?.[Symbol.dispose]()
      const words = result.stderr.trim().split('\n').at(-1)
      return words || `QEMU ended (${result.signal ?? `status ${result.exitCode}`})`
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  static cpuCount(): number {
    return Math.min(2, cpus().length)
  }

  /** A machine whose sshd answers, in its first state. Tries a snapshot, then a boot, then one more boot. */
  static async start(files: MachineFiles, accelerator: Accelerator, qemuVersion: string): Promise<Machine> {
    const shape = [qemuVersion, accelerator, files.image.key, memoryMegabytes, Machine.cpuCount()].join(' ')
    const disk = join(files.directory, 'disk.qcow2')
    const [savedShape, savedEngine = ''] = (await readFile(labelOf(files), 'utf8').catch(() => '')).split(
      '\n',
    )
    if (savedShape === shape && existsSync(disk)) {
      const machine = await Machine.#launch(files, accelerator, true)
      if (await machine.#answers(6000)) {
        if ((await engineOf(files, savedEngine)) !== savedEngine) await machine.#keepFirstState(shape)
        if (!machine.#over) return machine
      }
      await machine.stop()
    }
    for (let attempt = 1; ; attempt++) {
      await rm(labelOf(files), { force: true })
      await rm(disk, { force: true })
      await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', files.image.disk, '-F', 'raw', disk])
      const machine = await Machine.#launch(files, accelerator, false)
      if (await machine.#answers(120_000)) {
        await machine.#keepFirstState(shape)
        if (!machine.#over) return machine
      }
      const words = machine.#over ? await machine.ended : 'sshd did not answer within 120 s'
      await machine.stop()
      const failure = `${words}; its last words: ${await lastWords(files)}`
      // Into keeper.log: the next attempt overwrites the serial line's log, and nobody would hear of this one.
      console.log(new Date().toISOString(), 'boot failed', failure)
      if (attempt === 2) throw new Error(`the VM did not boot: ${failure}`)
    }
  }

  static async #launch(
    files: MachineFiles,
    accelerator: Accelerator,
    fromSnapshot: boolean,
  ): Promise<Machine> {
    const port = await freePort()
    await rm(files.qmpSocket, { force: true })
    const network =
      process.arch === 'arm64' ? 'virtio-net-pci,netdev=n0' : 'virtio-net-pci,netdev=n0,romfile='
    const arguments_ = [
      ...machineArguments(accelerator),
      ...['-smp', String(Machine.cpuCount()), '-m', String(memoryMegabytes)],
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-name', 'learn-containers'],
      ...['-serial', `file:${join(files.directory, 'serial.log')}`],
      ...['-kernel', files.image.kernel, '-initrd', files.initrd],
      ...['-append', `console=${serialConsole()} panic=-1 net.ifnames=0 mitigations=off quiet`],
      // The disk is thrown away at every reset, so it may cheat on flushes. A full host disk is an error
      // in the guest that a learner can see; QEMU would rather stop the machine without a word.
      ...[
        '-drive',
        `id=d0,file=${join(files.directory, 'disk.qcow2')},format=qcow2,if=none,discard=unmap,cache=unsafe,werror=report,rerror=report`,
      ],
      ...['-device', 'virtio-blk-pci,drive=d0', '-device', 'virtio-rng-pci'],
      ...['-netdev', `user,id=n0,hostfwd=tcp:127.0.0.1:${port}-:22`, '-device', network],
      ...['-qmp', `unix:${files.qmpSocket},server=on,wait=off`],
      ...(fromSnapshot ? ['-loadvm', 'ready'] : []),
    ]
    // On Linux QEMU dies with the keeper, even when the keeper is killed: setpriv(1) asks prctl(2) for that.
    const guarded = process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL', '--'] : []
    const [program = qemuProgram(), ...rest] = [...guarded, qemuProgram(), ...arguments_]
    return new Machine(files, port, spawnQemu(program, rest))
  }

  /** Back to the snapshot: memory, disk and devices as they were when sshd first answered. */
  async reset(): Promise<void> {
    const stuck = sleep(15_000, undefined, { ref: false }).then(() => {
      throw new Error('QEMU does not answer')
    })
    await Promise.race([this.#control((qmp) => qmp.monitor('loadvm ready')), stuck])
    // On a busy machine it takes its time; a boot in its place would take longer.
    if (!(await this.#answers(20_000, 3000))) throw new Error('the VM did not answer after its reset')
  }

  /** Puts tocker in, saves the machine, and writes down of what that is the first state. */
  async #keepFirstState(shape: string): Promise<void> {
    const label = labelOf(this.#files)
    await rm(label, { force: true })
    const engine = await this.#putEngine()
    if (!(await this.#save())) return
    await writeFile(`${label}.new`, `${shape}\n${engine}`)
    await rename(`${label}.new`, label)
  }

  /** @returns the hash of what is in there now; nothing when it is not: then whoever opens the sandbox puts it in, every time */
  async #putEngine(): Promise<string> {
    const { engine, directory } = this.#files
    if (engine === undefined) return ''
    try {
      const hash = await directoryHash(engine)
      // Loaded here, and not with the keeper: most of its starts need no SSH.
      const { login } = await import('../login.ts')
      const remote = await login(directory, this.port)
      try {
        await putEngine(remote, engine)
      } finally {
        remote.destroy()
      }
      // The sshd of this connection is to be gone, too, when the machine is saved.
      await remote.closed
      await sleep(500)
      return hash
    } catch (error) {
      console.log(new Date().toISOString(), 'tocker was not put into the VM', error)
      return ''
    }
  }

  /** Takes the snapshot, and wakes up from it once: only one that did counts. Without one, a reset is a boot. */
  async #save(): Promise<boolean> {
    try {
      await this.#control((qmp) => qmp.monitor('savevm ready'))
      await this.#control((qmp) => qmp.monitor('loadvm ready'))
      return await this.#answers(10_000)
    } catch {
      return false
    }
  }

  async stop(): Promise<void> {
    if (!this.#over) {
      const quit = this.#control((qmp) => qmp.execute('quit')).catch(() => {})
      await Promise.race([this.ended, quit.then(() => sleep(500)), sleep(1500)])
      if (!this.#over) this.#process.kill('SIGKILL')
    }
    await this.ended
    await rm(this.#files.qmpSocket, { force: true })
  }

  async #control(use: (qmp: Qmp) => Promise<unknown>): Promise<void> {
    this.#qmp ??= await Qmp.connect(this.#files.qmpSocket, () => !this.#over)
    await use(this.#qmp)
  }

  /** True when sshd's banner came. A connection alone says nothing: QEMU accepts before the guest listens. */
  async #answers(milliseconds: number, each = 700): Promise<boolean> {
    const deadline = Date.now() + milliseconds
    while (Date.now() < deadline && !this.#over) {
      if (await banner(this.port, each)) return true
      await sleep(40)
    }
    return false
  }
}

type QemuProcess = ReturnType<typeof spawnQemu>

function spawnQemu(program: string, args: readonly string[]) {
  return execa(program, args, { reject: false, stdin: 'ignore', stdout: 'ignore' })
}

function banner(port: number, patience: number): Promise<boolean> {
  return new Promise((resolve) => {
    let seen = false
    const socket = connect(port, '127.0.0.1')
    socket.setTimeout(patience, () => socket.destroy())
    socket.on('data', (data) => {
      seen = data.toString('latin1').startsWith('SSH-')
      socket.destroy()
    })
    socket.on('error', () => {}).on('close', () => resolve(seen))
  })
}

/** A port that nobody has now. Should somebody take it before QEMU does, QEMU ends, and start() tries again. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}

/** Says of what the snapshot is: the machine's shape, and the engine in it. */
function labelOf({ directory }: MachineFiles): string {
  return join(directory, 'snapshot')
}

/** The hash of the engine that is to be in there. @param saved of the one that is: good enough while ours is being built */
async function engineOf({ engine }: MachineFiles, saved: string): Promise<string> {
  return engine === undefined ? saved : await directoryHash(engine).catch(() => saved)
}

async function lastWords(files: MachineFiles): Promise<string> {
  const log = await readFile(join(files.directory, 'serial.log'), 'latin1').catch(() => '')
  return log.trim().split('\n').slice(-6).join(' | ') || '(nothing on the serial line)'
}

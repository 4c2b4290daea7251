// A thin pool of the device-mapper: one large store of blocks, out of which any number of
// disks are made that take blocks only for what is written to them, and snapshots of
// them that share all blocks until somebody writes.
//
//   <home>/pool/data, metadata    two sparse files
//   /dev/loop0, loop1             they as block devices, losetup(8)
//   /dev/mapper/<prefix>-pool     dmsetup create: target `thin-pool` on both
//   /dev/mapper/<prefix>-7        dmsetup create: target `thin`, the pool's device 7
//
// The pool and the files on disk must agree about which devices there are, whenever we
// are killed. So the pool has a transaction id, which it keeps and we count up:
//
//   1. pool/transaction := { transaction: N + 1, device: 7 }
//   2. message create_thin 7, or create_snap 7 <origin>
//   3. the owner writes down that 7 is his (and devicemapper.ts makes a file system on it)
//   4. message set_transaction_id N N+1
//
// Whoever finds N in the pool and N + 1 in the file knows that 7 is nobody's yet.
//
// When the pool is full, writing fails at once (error_if_no_space; the kernel's own choice
// is to let writers hang for a minute, and then to fail). Then nothing is lost but what
// was being written: remove layers, or give it a larger data file.
//
// https://docs.kernel.org/admin-guide/device-mapper/thin-provisioning.html
// Next: engine/drivers/graph/devicemapper.ts
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { EngineError } from '../../errors.ts'
import { command } from '../../syscalls/command.ts'
import { splitDevice } from '../../syscalls/open.ts'

export interface PoolSizes {
  /** Bytes that all layers together may take; the file is sparse. A larger size than last time makes the pool grow. */
  data: number
  metadata: number
}

export interface PoolStatus {
  transaction: number
  /** In blocks: of 64 kB for data, of 4 kB for metadata. */
  usedData: number
  data: number
  usedMetadata: number
  metadata: number
  /** `rw`, `ro`, `out_of_data_space`, `Fail`. */
  mode: string
}

const sector = 512
/** Bytes that are shared or copied at once: Docker's choice, and the least that a pool takes. */
export const blockSize = 65_536

const journal = z.object({ transaction: z.number(), device: z.number() })

export class ThinPool {
  readonly directory: string
  /** Of all names in /dev/mapper that are this pool's. The same on every start, and no other directory's. */
  readonly prefix: string

  /** Opens the pool in `home`, makes it on the first time, finds it where a killed process left it active. */
  constructor(home: string, sizes: PoolSizes) {
    this.directory = join(home, 'pool')
    const { dev, ino } = statSync(home)
    const { major, minor } = splitDevice(dev)
    this.prefix = `tocker-${major}-${minor}-${ino}`
    mkdirSync(this.directory, { recursive: true, mode: 0o700 })
    if (isActive(this.#pool)) this.#resumeAll()
    else this.#activatePool(sizes)
    this.#recover()
  }

  get #pool(): string {
    return `${this.prefix}-pool`
  }

  #activatePool(sizes: PoolSizes): void {
    const loops: string[] = []
    try {
      for (const name of ['metadata', 'data'] as const) {
        const file = join(this.directory, name)
        writeFileSync(file, '', { flag: 'a', mode: 0o600 })
        if (statSync(file).size < sizes[name]) truncateSync(file, sizes[name])
        loops.push(attachLoop(file))
      }
      // Docker also skips the zeroing of new blocks. Then a layer's disk has what others wrote
      // between its own bytes, and its file system, which trusts what was never written to be
      // zeros, may take that for its journal.
      const sectors = Math.floor(statSync(join(this.directory, 'data')).size / sector)
      createDevice(
        this.#pool,
        `0 ${sectors} thin-pool ${loops.join(' ')} ${blockSize / sector} 0 1 error_if_no_space`,
      )
    } catch (cause) {
      throw new EngineError('unavailable', `the thin pool in ${this.directory} does not come up`, { cause })
    } finally {
      // From now on the pool alone holds them: they go when it does, and at once when there is none.
      for (const loop of loops) command('losetup', '--detach', loop)
    }
  }

  /** Between suspend and resume of a snapshot's origin somebody was killed. Whoever touches such a device waits for ever. */
  #resumeAll(): void {
    for (const name of this.#devices()) dmsetup('resume', name)
  }

  #recover(): void {
    const last = this.#journal()
    if (last.transaction !== this.status().transaction + 1) return
    this.deactivate(last.device)
    this.delete(last.device)
  }

  #journal(): z.infer<typeof journal> {
    try {
      return journal.parse(JSON.parse(readFileSync(join(this.directory, 'transaction'), 'utf8')))
    } catch {
      return { transaction: 0, device: 0 }
    }
  }

  /**
   * A new device in the pool: empty, or a snapshot.
   * @throws EngineError `unavailable` when less than a tenth of the pool is left: that is, as for Docker, for containers which run already
   * @param settle writes down whose it is, and may fill it; when it throws, the device is gone again
   */
  create(origin: number | undefined, settle: (device: number) => void): void {
    const { transaction, usedData, data } = this.status()
    if (usedData > data * 0.9) throw this.full()
    const device = this.#journal().device + 1
    const path = join(this.directory, 'transaction')
    writeFileSync(`${path}.new`, JSON.stringify({ transaction: transaction + 1, device }), { flush: true })
    renameSync(`${path}.new`, path)
    if (origin === undefined) this.#message('create_thin', device)
    else this.#quiet(origin, () => this.#message('create_snap', device, origin))
    try {
      settle(device)
      this.#message('set_transaction_id', transaction, transaction + 1)
    } catch (error) {
      this.deactivate(device)
      this.delete(device)
      throw error
    }
  }

  /** A snapshot of a device that is in use is only whole while nobody writes: suspended, its file system is flushed and waits. */
  #quiet(device: number, work: () => void): void {
    const name = this.nameOf(device)
    if (!isActive(name)) {
      work()
      return
    }
    dmsetup('suspend', name)
    try {
      work()
    } finally {
      dmsetup('resume', name)
    }
  }

  /** Why nothing more can be written, or should. */
  full(): EngineError {
    const { usedData, data } = this.status()
    const megabytes = (blocks: number): number => Math.round((blocks * blockSize) / 1e6)
    return new EngineError(
      'unavailable',
      `the thin pool in ${this.directory} is full (${megabytes(usedData)} of ${megabytes(data)} MB): remove images or containers, or give it more with dm.loopdatasize`,
    )
  }

  /** Gives its blocks back to the pool. Nothing when there is no such device. */
  delete(device: number): void {
    try {
      this.#message('delete', device)
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('No data available'))) throw error
    }
  }

  nameOf(device: number): string {
    return `${this.prefix}-${device}`
  }

  /** @returns its path in /dev/mapper */
  activate(device: number, bytes: number): string {
    const name = this.nameOf(device)
    // Somebody still had it open when it was last let go, and it waits to be removed.
    if (isActive(name)) dmsetup('message', name, '0', '@cancel_deferred_remove')
    else createDevice(name, `0 ${bytes / sector} thin /dev/mapper/${this.#pool} ${device}`)
    return `/dev/mapper/${name}`
  }

  /** Removed at once, or when the last who has it open closes it. */
  deactivate(device: number): void {
    removeDevice(this.nameOf(device))
  }

  /** Every device of the pool that is active, except those of `kept`. */
  deactivateAll(kept: readonly number[] = []): void {
    const names = kept.map((device) => this.nameOf(device))
    for (const name of this.#devices()) if (!names.includes(name)) removeDevice(name)
  }

  /** The pool leaves the kernel; its files stay. */
  close(): void {
    this.deactivateAll()
    removeDevice(this.#pool)
  }

  status(): PoolStatus {
    const words = dmsetup('status', this.#pool).split(' ')
    const [usedMetadata = 0, metadata = 0] = `${words[4]}`.split('/').map(Number)
    const [usedData = 0, data = 0] = `${words[5]}`.split('/').map(Number)
    if (words[3] === 'Fail')
      throw new EngineError(
        'unavailable',
        `the thin pool in ${this.directory} is broken: close it, and repair it with thin_repair`,
      )
    return { transaction: Number(words[3]), usedData, data, usedMetadata, metadata, mode: words[7] ?? '' }
  }

  #message(verb: string, ...numbers: number[]): void {
    dmsetup('message', this.#pool, '0', [verb, ...numbers].join(' '))
  }

  #devices(): string[] {
    return activeDevices().filter((name) => name.startsWith(`${this.prefix}-`) && name !== this.#pool)
  }
}

function dmsetup(...args: string[]): string {
  return command('dmsetup', ...args)
}

/** udev, where there is one, is told to leave our nodes alone, and not waited for: `mknodes` makes them. */
const withoutUdev = ['--noudevrules', '--noudevsync']

function createDevice(name: string, table: string): void {
  dmsetup('create', ...withoutUdev, name, '--table', table)
  dmsetup('mknodes', ...withoutUdev, name)
}

function removeDevice(name: string): void {
  if (isActive(name)) dmsetup('remove', ...withoutUdev, '--deferred', name)
  // mknodes would do that as well, and is one more process.
  if (!isActive(name)) rmSync(`/dev/mapper/${name}`, { force: true })
}

/** What `dmsetup info` lists; asked for so often that a process for it would be half of the time. */
function activeDevices(): string[] {
  return readdirSync('/sys/block')
    .filter((name) => name.startsWith('dm-'))
    .map((name) => nameOfBlock(name))
}

/** Empty when it has just gone. */
function nameOfBlock(block: string): string {
  try {
    return readFileSync(`/sys/block/${block}/dm/name`, 'utf8').trim()
  } catch {
    return ''
  }
}

function isActive(name: string): boolean {
  return activeDevices().includes(name)
}

/** A file as a block device. A loop that a killed process had attached already is as good. */
function attachLoop(file: string): string {
  const [, there] = /^(\/dev\/loop\d+):/.exec(command('losetup', '--associated', file)) ?? []
  if (there === undefined) return command('losetup', '--find', '--show', '--', file)
  // The file may have grown since.
  command('losetup', '--set-capacity', there)
  return there
}

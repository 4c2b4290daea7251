// The devicemapper driver: a layer is a disk, with a file system of its own, and a new one
// a snapshot of the one below. The copy-on-write is below the file system, in blocks of
// 64 kB: it knows nothing of files, and needs no file system that could do it by itself.
//
//   devicemapper/pool/          the thin pool (thin-pool.ts), and which of its devices is the base
//   devicemapper/<id>/device    the number of the layer's disk in the pool
//                     mnt       where it is mounted, while somebody has called get()
//                     committed, parent
//
// All bottom layers are snapshots of one base: an empty ext4, so that mkfs runs once. The
// tree is its directory `rootfs`, beside the file system's own lost+found.
//
// What a layer changes has to be looked for, by comparing its tree with its parent's.
//
// Docker had it as default where there was no overlay2, and has removed it since: it is
// slower, and the files that hold it ("loop-lvm") were never meant for more than trying.
//
// Next: engine/drivers/graph/thin-pool.ts

import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import * as z from 'zod/mini'
import { unpack } from '../../archive/unpack.ts'
import { EngineError } from '../../errors.ts'
import { bytesOf } from '../../size.ts'
import { command } from '../../syscalls/command.ts'
import { syncfs } from '../../syscalls/file.ts'
import { MS_RDONLY } from '../../syscalls/flags.ts'
import { mount } from '../../syscalls/mount.ts'
import { fileSystemOf } from './backing.ts'
import type { Filling, Layer, Mechanism } from './mechanism.ts'
import { unmount } from './mounted.ts'
import { blockSize, type PoolSizes, ThinPool } from './thin-pool.ts'

interface DeviceMapperSizes extends PoolSizes {
  /** Bytes of every layer's disk. It takes none of them until they are written. */
  base: number
}

const optionNames = {
  'dm.loopdatasize': 'data',
  'dm.loopmetadatasize': 'metadata',
  'dm.basesize': 'base',
} as const

/** Docker's options, and where they are silent Docker's sizes. @throws EngineError `invalid` */
export function sizesOf(options: readonly string[]): DeviceMapperSizes {
  const sizes: DeviceMapperSizes = { data: 100 * 2 ** 30, metadata: 2 * 2 ** 30, base: 10 * 2 ** 30 }
  for (const option of options) {
    const [, name = '', text = ''] = /^([\w.]+)=(.*)$/.exec(option) ?? []
    const size = Object.entries(optionNames).find(([known]) => known === name)?.[1]
    const bytes = bytesOf(text)
    if (size === undefined || bytes === undefined)
      throw new EngineError(
        'invalid',
        `storage option ${option}: devicemapper knows ${Object.keys(optionNames).join(', ')}, each with a size such as 10G`,
      )
    sizes[size] = bytes
  }
  return sizes
}

const baseFile = z.object({ device: z.number(), bytes: z.number() })

/** noinit_itable: a kernel thread would write zeros over empty inode tables, and they would be in every layer. discard: a deleted file's blocks go back to the pool. */
const mountOptions = 'noinit_itable,discard'

export class DeviceMapper implements Mechanism {
  readonly name = 'devicemapper'
  readonly reserved = ['pool']
  readonly home: string
  readonly #pool: ThinPool
  readonly #sizes: DeviceMapperSizes

  /** @throws EngineError `unavailable` without dmsetup, or where the kernel has no device-mapper */
  constructor(home: string, sizes: DeviceMapperSizes) {
    this.home = home
    this.#sizes = sizes
    try {
      command('dmsetup', 'version')
    } catch (cause) {
      throw new EngineError('unavailable', 'this kernel has no device-mapper, or there is no dmsetup', {
        cause,
      })
    }
    this.#pool = new ThinPool(home, sizes)
  }

  async make(layer: Layer): Promise<void> {
    const origin = layer.parent ? await deviceOf(layer.parent) : this.#base().device
    this.#pool.create(origin, (device) => writeFileSync(join(layer.directory, 'device'), `${device}`))
  }

  async fill(layer: Layer, tar: Readable, how: Filling): Promise<number> {
    const top = await this.#attach(layer, 0)
    try {
      const bytes = await unpack(tar, join(top, 'rootfs'), { whiteouts: 'apply', ...how })
      // Files were written to memory. Whether the pool has room for them is found out now, and not by whoever reads them.
      const fd = openSync(top, 'r')
      try {
        syncfs(fd)
      } finally {
        closeSync(fd)
      }
      return bytes
    } catch (error) {
      const { mode, usedData, data } = this.#pool.status()
      throw mode === 'out_of_data_space' || usedData === data ? this.#pool.full() : error
    } finally {
      await this.unmount(layer)
    }
  }

  async mount(layer: Layer): Promise<string> {
    return join(await this.#attach(layer, layer.writable ? 0 : MS_RDONLY), 'rootfs')
  }

  async #attach(layer: Layer, flags: number): Promise<string> {
    const target = join(layer.directory, 'mnt')
    const device = await deviceOf(layer)
    await mkdir(target, { recursive: true, mode: 0o700 })
    const source = this.#pool.activate(device, this.#base().bytes)
    try {
      mount({ source, target, type: 'ext4', flags, data: mountOptions })
    } catch (cause) {
      this.#pool.deactivate(device)
      throw new EngineError('internal', `mount the layer ${layer.id}`, { cause })
    }
    return target
  }

  view({ directory }: Layer): string {
    return join(directory, 'mnt/rootfs')
  }

  async unmount(layer: Layer): Promise<void> {
    unmount(join(layer.directory, 'mnt'))
    this.#pool.deactivate(await deviceOf(layer))
  }

  /** Discarding first gives the blocks back to the data file as well: without, only the pool knows that they are free. */
  async destroy(layer: Layer): Promise<void> {
    unmount(join(layer.directory, 'mnt'))
    const device = await deviceOf(layer).catch(() => undefined)
    if (device === undefined) return
    this.#pool.deactivate(device)
    try {
      command('blkdiscard', this.#pool.activate(device, this.#base().bytes))
    } catch {
      // A device that was never made, or a pool that takes no discards: then it is only deleted.
    }
    this.#pool.deactivate(device)
    this.#pool.delete(device)
  }

  /** The empty file system under every bottom layer, made when it is first needed. */
  #base(): z.infer<typeof baseFile> {
    const path = join(this.#pool.directory, 'base')
    const bytes = this.#sizes.base
    if (!existsSync(path))
      this.#pool.create(undefined, (device) => {
        this.#makeFileSystem(this.#pool.activate(device, bytes))
        this.#pool.deactivate(device)
        writeFileSync(`${path}.new`, JSON.stringify({ device, bytes }), { flush: true })
        renameSync(`${path}.new`, path)
      })
    return baseFile.parse(JSON.parse(readFileSync(path, 'utf8')))
  }

  /** lazy_…: what was never written reads as zeros in a thin device, so nobody has to write zeros. */
  #makeFileSystem(device: string): void {
    command('mkfs.ext4', '-q', '-E', 'nodiscard,lazy_itable_init=1,lazy_journal_init=1', device)
    const top = join(this.#pool.directory, 'mnt')
    mkdirSync(top, { recursive: true })
    mount({ source: device, target: top, type: 'ext4', data: mountOptions })
    try {
      mkdirSync(join(top, 'rootfs'), { mode: 0o755 })
    } finally {
      unmount(top)
    }
  }

  async metadata(layer: Layer): Promise<Record<string, string>> {
    const device = await deviceOf(layer)
    return {
      DeviceId: `${device}`,
      DeviceName: this.#pool.nameOf(device),
      DeviceSize: `${this.#base().bytes}`,
    }
  }

  async status(): Promise<readonly (readonly [string, string])[]> {
    const { usedData, data, usedMetadata, metadata, transaction } = this.#pool.status()
    return [
      ['Pool Name', `${this.#pool.prefix}-pool`],
      ['Pool Blocksize', `${blockSize}`],
      ['Backing Filesystem', 'ext4'],
      ['Data file', join(this.#pool.directory, 'data')],
      ['Metadata file', join(this.#pool.directory, 'metadata')],
      ['Files On', fileSystemOf(this.home)],
      ['Data Space Used', `${usedData * blockSize}`],
      ['Data Space Total', `${data * blockSize}`],
      ['Metadata Space Used', `${usedMetadata * 4096}`],
      ['Metadata Space Total', `${metadata * 4096}`],
      ['Transaction', `${transaction}`],
    ]
  }

  async cleanup(inUse: readonly Layer[]): Promise<void> {
    this.#pool.deactivateAll(await Promise.all(inUse.map(deviceOf)))
  }

  async close(): Promise<void> {
    this.#pool.close()
  }
}

async function deviceOf(layer: Layer): Promise<number> {
  return Number(await readFile(join(layer.directory, 'device'), 'utf8'))
}

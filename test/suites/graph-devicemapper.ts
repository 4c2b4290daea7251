// What the devicemapper driver alone has: a pool that outlives processes, and may be found
// in any state.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openGraphDriver } from '../../engine/drivers/graph/choice.ts'
import type { GraphDriver } from '../../engine/drivers/graph/driver.ts'
import { buildBase, type DriverUnderTest, GraphStage } from './graph-stage.ts'

function dmsetup(...args: string[]): string {
  return execFileSync('dmsetup', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

async function statusOf(driver: GraphDriver, name: string): Promise<string> {
  return (await driver.status()).find(([key]) => key === name)?.[1] ?? ''
}

export function devicemapperSuite(under: DriverUnderTest): void {
  describe('the pool of devicemapper', () => {
    let stage: GraphStage
    let driver: GraphDriver

    beforeEach(async () => {
      stage = new GraphStage(under, 100)
      driver = await stage.open()
      await stage.layer(driver, 'base', undefined, buildBase)
    })
    afterEach(async () => {
      await driver.remove('base')
      await driver.close()
      expect(stage.remains()).toEqual([])
      stage.close()
    })

    test('a device that was made for nobody is known by the transaction id, and deleted', async () => {
      const pool = await statusOf(driver, 'Pool Name')
      const transaction = Number(await statusOf(driver, 'Transaction')) + 1
      // As if killed between the two messages.
      dmsetup('message', pool, '0', 'create_thin 99')
      writeFileSync(join(stage.home, 'pool/transaction'), JSON.stringify({ transaction, device: 99 }))
      driver = await stage.open()
      await driver.cleanup()
      expect(() => dmsetup('message', pool, '0', 'delete 99')).toThrow(/No data available/)
      // And numbers go on after it.
      await driver.create('next', 'base')
      expect((await driver.metadata('next')).DeviceId).toBe('100')
      await driver.remove('next')
    })

    test('a device that was left suspended is resumed, and the layer is read', async () => {
      await driver.get('base')
      dmsetup('suspend', (await driver.metadata('base')).DeviceName ?? '')
      driver = await stage.open()
      await driver.cleanup()
      expect(readdirSync(await driver.get('base'))).toEqual(['data', 'etc'])
      await driver.put('base')
    })

    test('a loop that was attached for a pool which never came is taken', async () => {
      await driver.close()
      execFileSync('losetup', ['--find', join(stage.home, 'pool/data')])
      driver = await stage.open()
      expect(readFileSync(join(await driver.get('base'), 'etc/hosts'), 'utf8')).toBe('hosts\n')
      await driver.put('base')
    })

    test('a snapshot of a layer that is in use is whole', async () => {
      await driver.get('base')
      await driver.createReadWrite('above', 'base')
      expect(readFileSync(join(await driver.get('above'), 'data/deep/two'), 'utf8')).toBe('22')
      for (const id of ['above', 'base']) await driver.put(id)
      await driver.remove('above')
    })

    test('the pool grows when it is given more, and keeps what it has', async () => {
      const before = Number(await statusOf(driver, 'Data Space Total'))
      await driver.close()
      const options = stage.options.map((one) => one.replace('loopdatasize=100M', 'loopdatasize=300M'))
      driver = (await openGraphDriver(stage.root, 'devicemapper', options)).driver
      expect(Number(await statusOf(driver, 'Data Space Total'))).toBe(3 * before)
      expect(readFileSync(join(await driver.get('base'), 'etc/hosts'), 'utf8')).toBe('hosts\n')
      await driver.put('base')
    })
  })
}

// From libcontainer's counters to the fields that Docker's clients read.
import { expect, test } from 'vitest'
import { networkCounters, type Sample, statsOf } from '../../../../engine/daemon/container/stats.ts'

const who = { id: 'f00', name: 'web' }
const machine = { cpuTime: 4_000_000_000, cpus: 2, memory: 1000 }

function sample(total: number, memoryLimit: number, pidsLimit = 0): Sample {
  const blkio = {
    ioServiceBytesRecursive: [{ major: 8, minor: 0, op: 'read', value: 7 }],
    ioServicedRecursive: [],
  }
  return {
    read: '2024-01-01T00:00:01.000Z',
    machine,
    networks: {},
    counters: {
      cpu: {
        usage: { total, kernel: 1, user: 2 },
        throttling: { periods: 3, throttledPeriods: 2, throttledTime: 1 },
      },
      memory: { usage: { usage: 50, max: 0, failcnt: 0, limit: memoryLimit }, raw: { inactive_file: 9 } },
      pids: { current: 4, limit: pidsLimit },
      blkio,
    },
  }
}

test('two samples: the earlier one is precpu', () => {
  const stats = statsOf(who, sample(30, 100, 50), sample(10, 100))
  expect(stats).toMatchObject({
    ...{ name: '/web', id: 'f00', pids_stats: { current: 4, limit: 50 } },
    cpu_stats: { cpu_usage: { total_usage: 30 }, system_cpu_usage: 4_000_000_000, online_cpus: 2 },
    precpu_stats: { cpu_usage: { total_usage: 10 } },
    memory_stats: { usage: 50, limit: 100, stats: { inactive_file: 9 } },
  })
  expect(stats.blkio_stats).toMatchObject({
    ...{ io_service_bytes_recursive: [{ op: 'read', value: 7 }], io_serviced_recursive: null },
  })
})

test("without a limit it is the machine's, and so is one that is larger", () => {
  expect(statsOf(who, sample(1, 0x7ffffffffffff000), undefined).memory_stats.limit).toBe(1000)
  expect(statsOf(who, sample(1, 0), undefined).memory_stats.limit).toBe(1000)
  expect(statsOf(who, sample(1, 0), undefined).pids_stats).toEqual({ current: 4 })
})

test('of what does not run there is nothing', () => {
  expect(statsOf(who, undefined, undefined)).toMatchObject({
    ...{ read: '0001-01-01T00:00:00Z', pids_stats: {}, memory_stats: {} },
    cpu_stats: { cpu_usage: { total_usage: 0 } },
  })
})

test('networks: of its own interfaces what /proc/PID/net/dev says, and no word where there are none', () => {
  const text = [
    'Inter-|   Receive                                                |  Transmit',
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
    '    lo:     100       2    0    0    0     0          0         0      100       2    0    0    0     0       0          0',
    '  eth0:1006      11    1    2    0     0          0         5      936       9    3    4    0     0       0          0',
    ' tunl0:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0',
    '',
  ].join('\n')
  const eth0 = {
    ...{ rx_bytes: 1006, rx_packets: 11, rx_errors: 1, rx_dropped: 2 },
    ...{ tx_bytes: 936, tx_packets: 9, tx_errors: 3, tx_dropped: 4 },
  }
  const networks = networkCounters(text, ['eth0', 'eth1'])
  expect(networks).toEqual({ eth0 })
  expect(statsOf(who, { ...sample(1, 0), networks }, undefined).networks).toEqual({ eth0 })
  expect(statsOf(who, sample(1, 0), undefined)).not.toHaveProperty('networks')
})

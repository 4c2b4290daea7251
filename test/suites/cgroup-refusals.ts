// What a host cannot give: refused with the path in config.json, never dropped.
import { expect, test } from 'vitest'
import type { Resources } from '../../engine/libcontainer/config/resources.ts'
import { type Cgroups, M } from './cgroup-driver.ts'

export function refusalSuite(cgroups: Cgroups): void {
  test('what cannot be had is refused, by its path in config.json', async () => {
    const table: [Resources, v1: RegExp, v2: RegExp][] = [
      [{ unified: { 'memory.high': '1000000' } }, /unified: it names files of cgroup v2/, /^taken$/],
      [
        { unified: { '../memory.max': '1' } },
        /unified: it names/,
        /unified\["..\/memory.max"\]: it is not the name/,
      ],
      [
        { unified: { 'nosuch.max': '1' } },
        /unified/,
        /unified\["nosuch.max"\]: the controller nosuch is not available/,
      ],
      [
        { network: { classID: 1 } },
        /network.classID: no cgroup hierarchy with the controller net_cls/,
        /network: /,
      ],
      [
        { hugepageLimits: [{ pageSize: '3MB', limit: 1 }] },
        /hugepageLimits\[0\]: no cgroup hier/,
        /hugepageLimits\[0\]: this kernel has no hugetlb.3MB.max/,
      ],
      [
        { rdma: { mlx5_1: { hcaHandles: 2 } } },
        /rdma\["mlx5_1"\]: no cgroup hierarchy/,
        /rdma\["mlx5_1"\]: write "mlx5_1 hca_handle=2"/,
      ],
      [
        { cpu: { realtimeRuntime: 1000 } },
        /cpu.realtimeRuntime: |^taken$/,
        /cpu.realtimeRuntime: cgroup v2 cannot/,
      ],
      [{ cpu: { cpus: '99' } }, /cpu.cpus: write "99"/, /cpu.cpus: write "99"|^taken$/],
      [{ memory: { swappiness: 10 } }, /^taken$/, /memory.swappiness: cgroup v2 has no/],
      [{ memory: { disableOOMKiller: true } }, /^taken$/, /memory.disableOOMKiller: cgroup v2 cannot/],
      [
        { memory: { limit: 20 * M, swap: 10 * M } },
        /memory.swap: write "10485760"/,
        /memory.swap: it counts memory and swap/,
      ],
      [
        { blockIO: { leafWeight: 10 } },
        /blockIO.leafWeight: this kernel has no/,
        /blockIO.leafWeight: cgroup v2/,
      ],
      [
        { blockIO: { throttleReadBpsDevice: [{ major: 250, minor: 77, rate: 1 }] } },
        /throttleReadBpsDevice\[0\]: write "250:77 1".*no such device/,
        /throttleReadBpsDevice\[0\]: write "250:77 rbps=1".*no such device/,
      ],
    ]
    const refusals = await cgroups.answers(table.map(([resources]) => resources))
    for (const [index, [resources, v1, v2]] of table.entries())
      expect(refusals[index], JSON.stringify(resources)).toMatch(cgroups.version() === 1 ? v1 : v2)
  })

  test('what asks for nothing, or for what both versions have, is taken', async () => {
    const list: Resources[] = [
      { memory: { kernel: 1000, useHierarchy: true } },
      {
        memory: {},
        cpu: {},
        blockIO: {},
        network: {},
        pids: { limit: 0 },
        hugepageLimits: [],
        rdma: {},
        unified: {},
      },
      { cpu: { shares: 2, idle: 1, burst: 0 } },
      { blockIO: { throttleWriteIOPSDevice: [{ major: 254, minor: 0, rate: 1000 }] } },
    ]
    expect(await cgroups.answers(list)).toEqual(list.map(() => 'taken'))
  })
}

// test/bench/graph-drivers.ts on the VM's kernel, which has device-mapper: with an image
// that its disk can hold. Emulated, so only the ratios say anything.
//
//   npm run build && node_modules/.bin/node test/bench/graph-drivers-vm.ts
import { guestProgram } from '../suites/guest.ts'
import { openVm } from '../suites/vm.ts'

const rows = ['overlay2 on ext4', 'btrfs on btrfs', 'devicemapper on ext4']

await using vm = await openVm()
await vm.put('/opt/bench/bench.mjs', await guestProgram("import './bench/graph-drivers.ts'"))
const names = rows.map((row) => `'${row}'`).join(' ')
const { stdout, stderr } = await vm.exec(
  `cd /opt/bench && ln -sfn /opt/tocker/node_modules . && GRAPH_BENCH_MEGABYTES=100 node bench.mjs ${names}`,
  { timeout: 3_600_000 },
)
console.log(stdout, stderr)
await vm.exec('rm -rf /opt/bench')

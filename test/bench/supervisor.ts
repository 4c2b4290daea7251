// What the supervisor costs: a container's start through it, by our own runtime and by
// runc in turns; the memory and the CPU time of idle containers; a fast writer's log.
// Needs root.
//
//   sudo node_modules/.bin/node test/bench/supervisor.ts [rounds] [idle containers]
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Supervision, type Wanted } from '../suites/supervision.ts'

const rounds = Number(process.argv[2] ?? 15)
const idle = Number(process.argv[3] ?? 50)
const supervision = await Supervision.open()
const { client } = supervision

function status(name: string): number {
  const text = readFileSync(`/proc/${supervision.pid}/status`, 'utf8')
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024
}

/** Clock ticks, of a hundredth of a second, that it has run. */
function ticks(): number {
  const fields = readFileSync(`/proc/${supervision.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

async function time(command: string | string[], wanted: Wanted): Promise<number> {
  const began = performance.now()
  const { id } = await supervision.run(command, wanted)
  const took = performance.now() - began
  await client.delete({ container: id })
  return took
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const native: number[] = []
const runc: number[] = []
for (let round = 0; round < rounds; round++) {
  await sleep(150)
  native.push(await time(['true'], {}))
  runc.push(await time(['true'], { runtime: { name: 'runc', program: 'runc' } }))
}
console.log(
  `create to end of true: native ${median(native).toFixed(1)} ms, runc ${median(runc).toFixed(1)} ms, ratio ${(median(native) / median(runc)).toFixed(2)}`,
)

await sleep(500)
const before = status('VmRSS')
const ids: string[] = []
for (let count = 0; count < idle; count++) {
  const id = await supervision.create(['sleep', '1000'])
  await client.start({ container: id })
  ids.push(id)
}
await sleep(2000)
const was = ticks()
await sleep(5000)
console.log(
  `${idle} idle containers: ${status('VmRSS').toFixed(0)} MB RSS (${status('RssAnon').toFixed(0)} MB its own), ${before.toFixed(0)} MB before; ${ticks() - was} ticks of CPU in 5 s`,
)
for (const container of ids) await client.delete({ container, force: true })

const megabytes = 100
const writer = `yes 0123456789012345678901234567890123456789012345678901234567890123456789012345678 | head -c ${megabytes}000000`
const all: string[] = []
for (const driver of ['none', 'local', 'json-file'] as const) {
  const options = driver === 'none' ? {} : { 'max-size': '20m', 'max-file': '2', compress: 'false' }
  const took = await time(writer, { log: { driver, options } })
  all.push(`${driver} ${((megabytes / took) * 1000).toFixed(0)} MB/s`)
}
console.log(`lines of 80 bytes: ${all.join(', ')}; most memory ever ${status('VmHWM').toFixed(0)} MB`)
await supervision.close()

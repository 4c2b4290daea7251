// A pull or a push as a process of its own: for tests that kill it, and for the bench,
// which wants to know its memory.
//
//   node test/suites/distribution-process.ts <data-root> <driver> pull|push <reference>…
//
// A push pushes the first reference under each of the others' names. Ends with a line of
// JSON: milliseconds of each and of
// the processor, and the most memory that it ever had, in bytes.
import { readFileSync } from 'node:fs'
import { pull } from '../../engine/distribution/pull.ts'
import { push } from '../../engine/distribution/push.ts'
import { openGraphDriver } from '../../engine/drivers/graph/choice.ts'
import { openGraph } from '../../engine/graph/graph.ts'
import { tagImage } from '../../engine/graph/images.ts'
import { parseReference } from '../../engine/graph/reference.ts'

const [root = '', driverName = '', verb = '', first = '', ...others] = process.argv.slice(2)
const { driver } = await openGraphDriver(root, driverName)
await using graph = await openGraph(root, driver, { wait: 5000 })
const milliseconds: number[] = []
const before = process.cpuUsage()
for (const text of verb === 'pull' ? [first] : others) {
  if (verb === 'push') tagImage(graph, first, text)
  const begin = performance.now()
  if (verb === 'pull') await pull(graph, parseReference(text), { registry: {} })
  else await push(graph, parseReference(text), { registry: {} })
  milliseconds.push(performance.now() - begin)
}
// Not getrusage(2): what that calls the most was perhaps its parent's, before execve(2).
const high = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
const { user, system } = process.cpuUsage(before)
console.log(JSON.stringify({ milliseconds, cpu: (user + system) / 1000, rss: Number(high) * 1024 }))

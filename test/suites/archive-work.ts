// What the process of archive-process.ts does.
import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { pack } from '../../engine/archive/pack.ts'
import { unpack } from '../../engine/archive/unpack.ts'

const [, , verb, from = '', to = ''] = process.argv
const start = performance.now()
if (verb === 'pack') await pipeline(pack(from), createWriteStream(to))
else await unpack(createReadStream(from, { highWaterMark: 256 * 1024 }), to, { whiteouts: 'none' })
const milliseconds = performance.now() - start
console.log(JSON.stringify({ milliseconds, rss: process.resourceUsage().maxRSS / 1024 }))

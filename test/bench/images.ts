// How long do import and export of a gigabyte take? We against a dockerd of its own, both
// on overlay2, both for the same archive, in turns; what counts is the ratio. Ours is a
// process each time, its start counted, and says how much memory it took at most.
//
//   sudo node_modules/.bin/node test/bench/images.ts [rounds]
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { openGraphDriver } from '../../engine/drivers/graph/choice.ts'
import { exportContainer } from '../../engine/graph/containers.ts'
import { openGraph } from '../../engine/graph/graph.ts'
import { findImage } from '../../engine/graph/images.ts'
import { importImage } from '../../engine/graph/import.ts'
import { parseReference } from '../../engine/graph/reference.ts'
import { removeImage } from '../../engine/graph/remove-image.ts'

const [first = '5', ...rest] = process.argv.slice(2)
if (first === 'ours') await ours(rest)
else await compare(Number(first))

/** One verb, in a process of its own. */
async function ours([verb, root = '', archive = '']: readonly string[]): Promise<void> {
  const { driver } = await openGraphDriver(root, 'overlay2')
  await using graph = await openGraph(root, driver, { wait: 5000 })
  if (verb === 'import')
    await importImage(graph, createReadStream(archive, { highWaterMark: 2 ** 20 }), {
      reference: parseReference('big:1'),
    })
  else if (verb === 'remove') await removeImage(graph, 'big:1')
  else {
    const { top_layer, id: image } = findImage(graph, 'big:1')
    await graph.layers.createReadWrite('c', top_layer ?? undefined)
    graph.db.containers.add({ id: 'c', name: 'c', image, layer: 'c', created: 1 })
    await pipeline(await exportContainer(graph, 'c'), createWriteStream(archive))
    graph.db.containers.remove('c')
    await graph.layers.removeReadWrite('c')
  }
  console.log(Math.round(process.resourceUsage().maxRSS / 1024))
}

async function compare(rounds: number): Promise<void> {
  // On a disk: /tmp may lie in memory.
  const directory = mkdtempSync('/var/tmp/lc-bench-')
  const at = (path: string): string => join(directory, path)
  const env = { DOCKER_HOST: `unix://${at('socket')}`, DOCKER_CONFIG: directory }
  const daemon = spawn(
    'dockerd',
    [
      ...[
        '--host',
        env.DOCKER_HOST,
        '--data-root',
        at('data'),
        '--exec-root',
        at('exec'),
        '--pidfile',
        at('pid'),
      ],
      ...['--bridge', 'none', '--iptables=false', '--ip6tables=false', '--storage-driver', 'overlay2'],
    ],
    { stdio: 'ignore' },
  )
  try {
    makeTree(at('tree'))
    execFileSync('tar', ['-C', at('tree'), '-cf', at('tree.tar'), '.'])
    for (
      let tries = 0;
      (await execa('docker', ['version'], { env, reject: false })).exitCode !== 0;
      tries++
    ) {
      if (tries > 150) throw new Error('dockerd does not answer')
      await sleep(100)
    }
    const times: Record<string, number[]> = {}
    let memory = 0
    const time = async (name: string, work: () => Promise<unknown>): Promise<void> => {
      const start = performance.now()
      await work()
      times[name] = [...(times[name] ?? []), performance.now() - start]
    }
    const docker = (...args: string[]) => execa('docker', args, { env })
    const mine = async (verb: string, path = ''): Promise<void> => {
      const { stdout } = await execa(process.execPath, [
        import.meta.filename,
        'ours',
        verb,
        at('graph'),
        path,
      ])
      memory = Math.max(memory, Number(stdout))
    }
    for (let round = 0; round < rounds; round++) {
      await time('docker import', () => docker('import', at('tree.tar'), 'big:1'))
      await time('our import', () => mine('import', at('tree.tar')))
      await docker('create', '--name', 'big', 'big:1', 'true')
      await time('docker export', () => docker('export', '--output', at('docker.tar'), 'big'))
      await time('our export', () => mine('export', at('ours.tar')))
      await docker('rm', 'big')
      await time('docker rmi', () => docker('rmi', 'big:1'))
      await time('our rmi', () => mine('remove'))
    }
    report(times)
    console.log(`our memory at most: ${memory} MB`)
  } finally {
    const ended = new Promise((resolve) => daemon.once('exit', resolve))
    daemon.kill()
    await ended
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Half in four large files, half in sixteen thousand small ones. */
function makeTree(directory: string): void {
  for (let n = 0; n < 64; n++) {
    mkdirSync(join(directory, `d${n}`), { recursive: true })
    for (let file = 0; file < 256; file++)
      writeFileSync(join(directory, `d${n}`, `f${file}`), randomBytes(32 * 1024))
  }
  for (let n = 0; n < 4; n++) writeFileSync(join(directory, `large${n}`), randomBytes(128 * 2 ** 20))
}

function report(times: Readonly<Record<string, readonly number[]>>): void {
  const median = (values: readonly number[] = []): number =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
  for (const verb of ['import', 'export', 'rmi']) {
    const [peer, we] = [median(times[`docker ${verb}`]), median(times[`our ${verb}`])]
    console.log(
      `${verb}: docker ${peer.toFixed(0)} ms, we ${we.toFixed(0)} ms: we take ${(we / peer).toFixed(2)} x as long`,
    )
  }
}

// How long does a container take? tocker against what a learner could type, and
// against runc where it is installed. The runs take turns, so that a busy machine
// is busy for all of them; what counts is the ratio.
//
//   sudo node_modules/.bin/node test/bench/run.ts
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { packageRoot } from '../../sandbox-vm/package-root.ts'

const rounds = 15
const directory = await mkdtemp(join(tmpdir(), 'lc-bench-'))
const box = join(directory, 'rootfs')
const tocker = [process.execPath, join(packageRoot(), 'dist/tocker.mjs')] as const
await execa(tocker[0], [tocker[1], 'rootfs', box])
const contenders: Record<string, readonly string[]> = {
  'tocker run': [...tocker, 'run', '--rootfs', box, '--', 'true'],
  'unshare + chroot': [
    'unshare',
    '--mount',
    '--uts',
    '--ipc',
    '--net',
    '--pid',
    '--fork',
    'chroot',
    box,
    '/bin/true',
  ],
}
if ((await execa('runc', ['--version'], { reject: false })).exitCode === 0) {
  await execa('runc', ['spec'], { cwd: directory })
  const { readFile } = await import('node:fs/promises')
  const spec = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8'))
  spec.process = { ...spec.process, terminal: false, args: ['/bin/true'] }
  await writeFile(join(directory, 'config.json'), JSON.stringify(spec))
  contenders['runc run'] = ['runc', 'run', '--bundle', directory, 'lc-bench']
}
const times = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]))
for (let round = 0; round < rounds; round++) {
  for (const [name, [program = '', ...args]] of Object.entries(contenders)) {
    const start = performance.now()
    await execa(program, args, { stdin: 'ignore' })
    times.get(name)?.push(performance.now() - start)
  }
}
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const ours = median(times.get('tocker run') ?? [])
for (const [name, values] of times)
  console.log(
    `${name.padEnd(18)} ${median(values).toFixed(0).padStart(5)} ms  tocker takes ${(ours / median(values)).toFixed(1)} x as long`,
  )
await rm(directory, { recursive: true })

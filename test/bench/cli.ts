// How long does `tocker` take to say something? Beside Node alone, which is its floor, and
// Docker's client where it is installed, which asks the same daemon the same. The runs take
// turns, so that a busy machine is busy for all of them; the ratio counts.
//
//   sudo node_modules/.bin/node test/bench/cli.ts
import { execa } from 'execa'
import { commandLine, openTocker } from '../suites/tocker.ts'

const rounds = 25
await using tocker = await openTocker()
await tocker.ok('image', 'bootstrap')
const { host } = tocker
const contenders: Record<string, [file: string, words: readonly string[]]> = {
  'node -e 0': [process.execPath, ['-e', '0']],
  'tocker --help': commandLine(host, '--help'),
  'tocker ps': commandLine(host, 'ps'),
  'tocker images': commandLine(host, 'images'),
  'tocker run --rm busybox true': commandLine(host, 'run', '--rm', '--network', 'none', 'busybox', 'true'),
}
if ((await execa('docker', ['--version'], { reject: false })).exitCode === 0) {
  contenders['docker ps'] = ['docker', ['-H', host, 'ps']]
  contenders['docker run --rm busybox true'] = [
    'docker',
    ['-H', host, 'run', '--rm', '--network', 'none', 'busybox', 'true'],
  ]
}
const times = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]))
for (let round = 0; round < rounds; round++) {
  for (const [name, [file, words]] of Object.entries(contenders)) {
    const start = performance.now()
    await execa(file, words, { stdin: 'ignore' })
    times.get(name)?.push(performance.now() - start)
  }
}
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const floor = median(times.get('node -e 0') ?? [])
for (const [name, values] of times)
  console.log(
    `${name.padEnd(30)} ${median(values).toFixed(0).padStart(5)} ms, ${Math.min(...values)
      .toFixed(0)
      .padStart(4)} at best: ${(median(values) / floor).toFixed(1)} x Node alone`,
  )
const [ours, theirs] = ['tocker ps', 'docker ps'].map((name) => median(times.get(name) ?? []))
if (ours !== undefined && theirs !== undefined)
  console.log(`tocker ps takes ${(ours / theirs).toFixed(1)} x as long as docker ps`)

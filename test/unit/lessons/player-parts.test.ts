// The player's pure parts: prompt marks, samples, progress.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Progress } from '../../../lessons/player/progress.ts'
import { PromptMarks, plainText } from '../../../lessons/player/prompt-marks.ts'
import { parseCgroup, parseNamespaces } from '../../../lessons/player/watch.ts'

const stream = 'a\x1b]133;C\x07out\x1b]133;D;137\x07\x1b]133;A\x1b\\$ \x1b]133;B\x07'

test('marks are read wherever the stream is cut', () => {
  const whole = new PromptMarks().push(Buffer.from(stream))
  expect(whole).toEqual([
    { type: 'text', text: 'a' },
    { type: 'C' },
    { type: 'text', text: 'out' },
    { type: 'D', status: 137 },
    { type: 'A' },
    { type: 'text', text: '$ ' },
    { type: 'B' },
  ])
  for (let cut = 1; cut < stream.length; cut++) {
    const marks = new PromptMarks()
    const both = [
      ...marks.push(Buffer.from(stream.slice(0, cut))),
      ...marks.push(Buffer.from(stream.slice(cut))),
    ]
    expect(both.filter((mark) => mark.type !== 'text')).toEqual(whole.filter((mark) => mark.type !== 'text'))
    expect(both.flatMap((mark) => (mark.type === 'text' ? [mark.text] : [])).join('')).toBe('aout$ ')
  }
})

test('a character that is cut in two is one character', () => {
  const marks = new PromptMarks()
  const bytes = Buffer.from('ü')
  expect([...marks.push(bytes.subarray(0, 1)), ...marks.push(bytes.subarray(1))]).toEqual([
    { type: 'text', text: 'ü' },
  ])
})

test('plain text has no colours and no cursor movements', () => {
  expect(plainText('\x1b[1;31mred\x1b[0m\r\n\x1b]0;title\x07x')).toBe('red\nx')
})

test('a frame of processes: only those of the terminals, with both their numbers', () => {
  const frame = `--- frame 227 
terminal 158 host
terminal 159 inside
/proc/1/status:Name:\tlab-init
/proc/1/status:PPid:\t0
/proc/1/status:NSpid:\t1
/proc/158/status:Name:\tbash
/proc/158/status:PPid:\t150
/proc/158/status:NSpid:\t158
/proc/159/status:Name:\tbash
/proc/159/status:PPid:\t150
/proc/159/status:NSpid:\t159
/proc/227/status:Name:\tbash
/proc/227/status:PPid:\t159
/proc/227/status:NSpid:\t227\t1
/proc/300/status:Name:\tsshd
/proc/300/status:PPid:\t1
/proc/1/ns:
lrwxrwxrwx 1 root root 0 Nov 21 06:00 pid -> 'pid:[4026531836]'
/proc/227/ns:
lrwxrwxrwx 1 root root 0 Nov 21 06:00 pid -> pid:[4026532179]
lrwxrwxrwx 1 root root 0 Nov 21 06:00 pid_for_children -> pid:[4026532179]
`
  const sample = parseNamespaces(frame)
  expect(sample.focus).toBe(227)
  expect(sample.host.pid).toBe('4026531836')
  expect(sample.processes).toMatchObject([
    { pid: 158, terminal: 'host' },
    { pid: 159, terminal: 'inside' },
    { pid: 227, nspid: [227, 1], namespaces: { pid: '4026532179' } },
  ])
})

test('a frame of a cgroup, with a limit, without, and of one that is not there', () => {
  const path = '/sys/fs/cgroup/demo'
  const frame = `--- frame  ${path}\n${path}/memory.current:1048576\n${path}/memory.max:52428800\n${path}/memory.events:oom 1\n${path}/memory.events:oom_kill 2\n${path}/pids.current:1\n${path}/pids.max:max\nprocess 12 bash\n`
  expect(parseCgroup(frame, 5)).toEqual({
    at: 5,
    path,
    exists: true,
    processes: [{ pid: 12, command: 'bash' }],
    memory: { current: 1048576, max: 52428800, oomKills: 2 },
    pids: { current: 1, max: null },
  })
  expect(parseCgroup(`--- frame  ${path}\n`, 5)).toEqual({ at: 5, path, exists: false, processes: [] })
})

test('progress is kept, shared by programs that write at once, and forgiving', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lc-progress-'))
  const path = join(directory, 'deep/progress.json')
  await Promise.all(['a', 'b', 'c', 'd'].map((step) => new Progress(path).markDone('lesson', step)))
  expect((await new Progress(path).read()).lesson?.toSorted()).toEqual(['a', 'b', 'c', 'd'])
  await new Progress(path).forget('lesson')
  expect(await new Progress(path).read()).toEqual({})
  await writeFile(path, '{"half')
  expect(await new Progress(path).read()).toEqual({})
  await rm(directory, { recursive: true })
})

// The lesson format: what parses, what is refused and with which words.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modules, suggest } from '../../../lessons/format/catalogue.ts'
import { lint } from '../../../lessons/format/linter.ts'
import { parseLesson } from '../../../lessons/format/parser.ts'
import { readRegion } from '../../../lessons/format/region.ts'
import { newLesson } from '../../../lessons/format/template.ts'
import { translate } from '../../../lessons/format/translation.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lc-parser-'))
})
afterAll(async () => {
  await rm(directory, { recursive: true })
})

const head =
  '---\nslug: demo\ntitle: T\nsummary: S\nmodule: m\nminutes: 5\nsandbox: { terminals: [host, inside] }\n---\n'

async function parse(body: string, front = head) {
  await mkdir(join(directory, 'demo'), { recursive: true })
  const path = join(directory, 'demo/lesson.md')
  await writeFile(path, front + body)
  return parseLesson(path)
}
const step = (body: string): string => `::::: step one "One"\n${body}\n:::::\n`

test('every block of the format, with ids, lines and attributes', async () => {
  const lesson = await parse(
    `Intro.\n\n${step(
      'Text *here*.\n```sh run terminal=inside interactive expect=/a b/ status=0 timeout=9\nunshare -p bash\n```\n::: predict "Q?"\n- [ ] no\n- [x] yes\n> Because.\n:::\n::: check "C"\n```sh\ntest -e /x || lab fail "no"\n```\n:::\n::: hint\nH\n:::\n::: solution\nS\n```sh terminal=inside\nls\n```\n:::\n::: source engine/libcontainer/birth.ts#pid\n:::\n::: watch namespaces pid=$(lab shell-pid inside)\nW\n:::',
    )}Bye.`,
  )
  expect(lesson.intro).toMatchObject([{ type: 'prose', markdown: 'Intro.' }])
  expect(lesson.outro).toMatchObject([{ markdown: 'Bye.' }])
  const [blocks] = lesson.steps.map((one) => one.blocks)
  expect(blocks?.map((block) => block.type)).toEqual([
    'prose',
    'run',
    'predict',
    'check',
    'hint',
    'solution',
    'source',
    'watch',
  ])
  expect(blocks?.[1]).toMatchObject({
    id: 'one/run-1',
    line: 13,
    terminal: 'inside',
    interactive: true,
    expect: 'a b',
    status: 0,
    timeout: 9,
    command: 'unshare -p bash',
  })
  expect(blocks?.[2]).toMatchObject({
    question: 'Q?',
    options: [{ correct: false }, { correct: true, text: 'yes' }],
    explanation: 'Because.',
  })
  expect(blocks?.[5]).toMatchObject({ runs: [{ command: 'ls', terminal: 'inside' }], markdown: 'S' })
  expect(blocks?.[6]).toMatchObject({ code: expect.stringContaining('unshare(CLONE_NEWPID)') })
  expect(blocks?.[7]).toMatchObject({ args: { pid: '$(lab shell-pid inside)' }, markdown: 'W' })
})

test.each([
  ['no front matter', 'x', '', /:1: a lesson begins with front matter/],
  ['no step', 'x', head, /at least one step/],
  ['a step without a title', '::::: step one\n:::::\n', head, /:9: write ::::: step the-id "The title"/],
  ['two steps of one name', step('x') + step('y'), head, /two steps called one/],
  ['an open container', '::::: step one "One"\nx', head, /:9: this container is never closed/],
  ['an open code block', step('```sh run\nls'), head, /this code block is never closed/],
  ['an unknown block', step('::: chekc "x"\n:::'), head, /no block chekc: did you mean check\?/],
  [
    'an unknown attribute',
    step('```sh run statuss=0\nls\n```'),
    head,
    /no attribute statuss=: did you mean status=\?/,
  ],
  [
    'an unknown terminal',
    step('```sh run terminal=x\nls\n```'),
    head,
    /no terminal x: front matter names host, inside/,
  ],
  [
    'an expectation that is none',
    step('```sh run expect=abc\nls\n```'),
    head,
    /expect is a regular expression/,
  ],
  [
    'a question without a right answer',
    step('::: predict "Q"\n- [ ] a\n- [ ] b\n> e\n:::'),
    head,
    /and a right one/,
  ],
  [
    'a missing region',
    step('::: source engine/libcontainer/rootfs.ts#nope\n:::'),
    head,
    /rootfs\.ts has no region nope/,
  ],
  [
    'a source outside the engine',
    step('::: source engine/../package.json#x\n:::'),
    head,
    /is not a file of the engine/,
  ],
  [
    'an unknown view',
    step('::: watch oceans\n:::'),
    head,
    /no view oceans: there are namespaces, processes, cgroup, layers/,
  ],
  [
    'a missing exercise file',
    step('::: exercise "E" file=/x starter=x.sh\n:::'),
    head,
    /there is no files\/x\.sh beside the lesson/,
  ],
  [
    'text between steps',
    `${step('x')}stray\n${step('y').replace('one', 'two')}`,
    head,
    /between steps nothing may stand/,
  ],
  ['a command before the steps', `\`\`\`sh run\nls\n\`\`\`\n${step('x')}`, head, /:9: run stands in a step/],
  [
    'a check after the steps',
    `${step('x')}::: check "C"\n\`\`\`sh\nls\n\`\`\`\n:::\n`,
    head,
    /check stands in a step/,
  ],
  ['another slug', step('x'), head.replace('demo', 'other'), /the slug is other, and the directory demo/],
  ['wrong front matter', step('x'), head.replace('minutes: 5', 'minutes: five'), /front matter: minutes/],
])('%s is refused', async (_name, body, front, message) => {
  await expect(parse(body, front)).rejects.toThrow(message)
})

test('the linter reads as an editor would', async () => {
  const lesson = await parse(step('```sh run\nls\n```\n::: check "C"\n```sh\ntrue\n```\n:::'))
  const found = (await lint(lesson, ['demo'])).join('\n')
  for (const complaint of [
    /this check cannot fail/,
    /says nothing to the learner/,
    /nothing is ever typed into the terminal inside/,
    /no step break-it/,
    /last step shows the engine/,
  ]) {
    expect(found).toMatch(complaint)
  }
})

test.each([
  ['chroot /srv/jail /bin/sh', true],
  ['cd /srv && unshare --pid --fork --mount-proc bash', true],
  ['env -i busybox sh', true],
  ['sh', true],
  ["unshare --user sh -c 'id'", false],
  ['ls -l /bin/sh', false],
  ['echo id | chroot /srv/jail sh', false],
  ['command -v bash', false],
])('the linter wants `%s` interactive: %s', async (command, wanted) => {
  const complaints = async (word: string) => {
    const lesson = await parse(step(`\`\`\`sh run${word}\n${command}\n\`\`\``))
    return (await lint(lesson, ['demo'])).filter((one) => one.includes('mark it interactive')).length
  }
  expect(await complaints('')).toBe(wanted ? 1 : 0)
  expect(await complaints(' interactive')).toBe(0)
})

describe('a translation', () => {
  const english = step(
    'Text.\n```sh run\nls\n```\n::: check "C"\n```sh\ntest -e /x || lab fail "There is no $x."\n```\n:::\n::: predict "Q?"\n- [x] Yes\n- [ ] No\n> Why.\n:::',
  )
  const words = (hash: string, body: string) =>
    `---\ntitle: 题\nsummary: 要\nhash: "${hash}"\n---\n::::: step one ${hash} "步"\n${body}\n:::::\n`
  const body =
    '文。\n::run\n再一句。\n::: check "查"\n> 没有 $x。\n:::\n::: predict "问？"\n- 是\n- 否\n> 因为。\n:::'

  test('has the words, and takes commands, answers and scripts from the lesson', async () => {
    const { lesson, stale } = translate(await parse(english), words('00000000', body), 'lesson.zh.md')
    expect(lesson).toMatchObject({ slug: 'demo', title: '题', summary: '要' })
    expect(lesson.steps[0]).toMatchObject({ id: 'one', title: '步' })
    expect(lesson.steps[0]?.blocks).toMatchObject([
      { type: 'prose', markdown: '文。' },
      { id: 'one/run-1', command: 'ls' },
      { type: 'prose', markdown: '再一句。' },
      { id: 'one/check-1', title: '查', script: 'test -e /x || lab fail "没有 $x。"' },
      {
        question: '问？',
        options: [
          { text: '是', correct: true },
          { text: '否', correct: false },
        ],
      },
    ])
    expect(stale.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /the English title, .* changed since: translate it again, and write [0-9a-f]{8}$/,
      ),
      expect.stringMatching(/the English step changed since/),
    ])
  })

  test.each([
    [
      'a step that the lesson has not',
      words('0', body).replace('step one', 'step two'),
      /:6: the lesson has no step two/,
    ],
    ['a block too few', words('0', '文。\n::run'), /:6: the step one lacks its check/],
    [
      'another order',
      words('0', body.replace('::run', '::watch')),
      /:8: here the English step has a run, not a watch/,
    ],
    ['a message too few', words('0', body.replace('> 没有 $x。\n', '')), /the check can say 1 things/],
    ['an answer too few', words('0', body.replace('- 否\n', '')), /a question with 2 answers/],
    ['no head', body, /:1: a translation begins with title/],
  ])('%s is refused', async (_name, text, message) => {
    const lesson = await parse(english)
    expect(() => translate(lesson, text, 'lesson.zh.md')).toThrow(message)
    await writeFile(join(directory, 'demo/lesson.zh.md'), text)
    expect((await lint(lesson, ['demo'])).join('\n')).toMatch(message)
    await rm(join(directory, 'demo/lesson.zh.md'))
  })
})

test('what `new` writes can be read, and is never written over', async () => {
  process.env.LEARN_CONTAINERS_CONTENT = directory
  const list = join(directory, 'modules.yaml')
  const written =
    '# The order.\n- id: space\n  title: T # short\n  lessons: [a, b]\n- id: time\n  lessons: []\n'
  await writeFile(list, written)
  try {
    const { path, listed } = await newLesson('space/first-look')
    expect(listed).toBe(true)
    expect(await readFile(list, 'utf8')).toBe(written.replace('[a, b]', '[a, b, first-look]'))
    expect((await newLesson('nowhere/second')).listed).toBe(false)
    expect((await parseLesson(path)).steps.map((one) => one.id)).toEqual([
      'look-first',
      'break-it',
      'prove-it',
      'source',
    ])
    await expect(newLesson('space/first-look')).rejects.toThrow(/exists already/)
    await expect(newLesson('../escape')).rejects.toThrow(/not a lesson's name: .*write module\/slug/)
  } finally {
    delete process.env.LEARN_CONTAINERS_CONTENT
  }
})

test("a directory of somebody's own begins with `new`, and says so as long as it is empty", async () => {
  const own = join(directory, 'own')
  process.env.LEARN_CONTAINERS_CONTENT = own
  try {
    await expect(modules()).rejects.toThrow(/own\/modules\.yaml: learn-containers new MODULE\/LESSON/)
    expect((await newLesson('space/first')).listed).toBe(true)
    expect((await newLesson('space/second')).listed).toBe(true)
    const [module] = await modules()
    expect(module).toMatchObject({ id: 'space', title: 'space' })
    expect(module?.lessons.map((lesson) => lesson.slug)).toEqual(['first', 'second'])
  } finally {
    delete process.env.LEARN_CONTAINERS_CONTENT
  }
})

test('the catalogue has its modules in order, and knows a near miss', async () => {
  expect((await modules()).map((module) => module.id)).toEqual([
    'before',
    'namespaces',
    'cgroups',
    'copy-on-write',
    'engine',
  ])
  expect(await suggest('unshare-pdi')).toBe('unshare-pid')
  expect(await suggest('memory')).toBe('cgroup-memory')
  expect(await suggest('xylophone-lesson')).toBeUndefined()
})

test('a region knows its lines and loses its indentation', async () => {
  const region = await readRegion('engine/libcontainer/cgroups/v2.ts', 'memory')
  expect(region.code).toMatch(/^\/\*\* The limits/)
  expect(region.to).toBeGreaterThan(region.from)
})

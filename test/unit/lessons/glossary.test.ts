// The glossary: what it must have, and where it finds its words in a text.
import { expect, test } from 'vitest'
import { findEntry, glossary, TermFinder } from '../../../lessons/format/glossary.ts'

const languages = { en: await glossary('en'), zh: await glossary('zh') }

test.each(['en', 'zh'] as const)(
  '%s: every word has a meaning of one or two sentences, and no name means two things',
  (language) => {
    const names = new Map<string, string>()
    for (const { id, term, aliases, definition, link } of languages[language]) {
      const sentences = definition.match(/[.。!?？](?=\s|$|[^\s"”）)\w])/g) ?? []
      expect(sentences.length, `${id}: ${definition}`).toBeLessThanOrEqual(2)
      expect(link).toMatch(/^https:\/\//)
      for (const name of new Set([term, ...aliases].map((one) => one.toLowerCase()))) {
        expect(names.get(name) ?? id, name).toBe(id)
        names.set(name, id)
      }
    }
    expect(languages[language].length).toBeGreaterThan(60)
  },
)

const uses = (language: 'en' | 'zh', text: string): string[] =>
  new TermFinder(languages[language]).find(text).map(({ id, from, to }) => `${id}=${text.slice(from, to)}`)

test('the longest word is found, whole words only, and in any case', () => {
  expect(uses('en', 'A PID namespace. Bind mounts, unshare-pid, /proc/mounts, Forks.')).toEqual([
    'pid-namespace=PID namespace',
    'bind-mount=Bind mounts',
    'fork=Forks',
  ])
  expect(uses('zh', '在 PID 命名空间里，子进程用 fork 造出容器；forked')).toEqual([
    'pid-namespace=PID 命名空间',
    'process=进程',
    'fork=fork',
    'container=容器',
    'fork=forked',
  ])
})

test('an entry is found by any of its names', () => {
  expect(findEntry(languages.en, 'Whiteouts')?.id).toBe('whiteout')
  expect(findEntry(languages.zh, '命名空间')?.id).toBe('namespace')
  expect(findEntry(languages.zh, 'namespace')?.id).toBe('namespace')
  expect(findEntry(languages.en, 'nothing of the kind')).toBeUndefined()
})

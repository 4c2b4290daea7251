// The rules of the house, enforced: who may import whom, how large a file may be,
// what may not stand in it. Each rule is shown to fail on a bad example.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packageRoot } from '../sandbox-vm/package-root.ts'
import { rooms } from './suites/rooms.ts'

interface Source {
  path: string
  text: string
}

// Tracked files and new ones, without what .gitignore names.
const paths = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: packageRoot(),
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(packageRoot(), path)))
const sources: Source[] = paths
  .filter((path) => /\.(ts|tsx|mjs|vue)$/.test(path))
  .map((path) => ({ path, text: readFileSync(join(packageRoot(), path), 'utf8') }))

/** What a file imports: relative paths from the project's root, package names as they are. */
function imports({ path, text }: Source): { target: string; typeOnly: boolean }[] {
  const pattern =
    /^\s*(?:import|export)\s+(type\s+)?(?:[^'"()]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm
  return [...text.matchAll(pattern)].map(([, type, fixed, dynamic]) => {
    const name = fixed ?? dynamic ?? ''
    return {
      target: name.startsWith('.') ? normalize(join(dirname(path), name)) : name,
      typeOnly: type !== undefined,
    }
  })
}

function roomViolations(source: Source): string[] {
  const room = rooms.find(([name]) => source.path.startsWith(name))
  if (!room) return []
  const [name, allowed] = room
  return imports(source)
    .filter(({ target }) => /^(engine|lessons|site|sandbox-vm|test)\//.test(target))
    .filter(({ target }) => !target.startsWith(name) && !allowed.some((one) => target.startsWith(one)))
    .map(({ target }) => `${source.path} imports ${target}`)
}

const rules: Record<string, { check: (source: Source) => string[]; bad: Source }> = {
  'rooms import only what they may': {
    check: roomViolations,
    bad: { path: 'sandbox-vm/x.ts', text: "import { x } from '../lessons/format/parser.ts'" },
  },
  'only engine/syscalls/libc.ts loads foreign code': {
    check: (source) =>
      imports(source).some(({ target }) => target === 'koffi') && source.path !== 'engine/syscalls/libc.ts'
        ? [source.path]
        : [],
    bad: { path: 'engine/cli/x.ts', text: "import koffi from 'koffi'" },
  },
  'the engine runs external commands through one wrapper, and forks in one place': {
    check: (source) => {
      if (!source.path.startsWith('engine/')) return []
      const allowed: Record<string, string[]> = {
        execa: [],
        'node:child_process': ['engine/syscalls/command.ts'],
      }
      return imports(source)
        .filter(({ target, typeOnly }) => !typeOnly && allowed[target]?.includes(source.path) === false)
        .map(({ target }) => `${source.path} imports ${target}`)
    },
    bad: { path: 'engine/cli/x.ts', text: "import { spawn } from 'node:child_process'" },
  },
  'files have 300 lines at most': {
    check: ({ path, text }) => (text.split('\n').length > 301 ? [`${path}: ${text.split('\n').length}`] : []),
    bad: { path: 'engine/x.ts', text: '\n'.repeat(400) },
  },
  'files begin by saying what they are': {
    check: ({ path, text }) =>
      /^(#!.*\n)?\/\/ \S|^<script setup lang="ts">\n\/\/ /.test(text) ? [] : [path],
    bad: { path: 'engine/x.ts', text: "import fs from 'node:fs'" },
  },
  '"Next:" names a file': {
    check: ({ path, text }) =>
      [...text.matchAll(/^\/\/ Next: (\S+)$/gm)]
        .filter(([, next = '']) => !existsSync(join(packageRoot(), next)))
        .map(([, next]) => `${path}: ${next}`),
    bad: { path: 'engine/x.ts', text: '// Next: engine/nowhere.ts' },
  },
  'nothing is unfinished, and nothing silences the compiler': {
    check: ({ path, text }) => {
      if (path === 'test/architecture.test.ts') return []
      const marks = /\b(TODO|FIXME|XXX)\b|\bas any\b|@ts-(ignore|expect-error|nocheck)|\.(only|skip)\(/
      return text
        .split('\n')
        .flatMap((line, index) => (marks.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []))
    },
    bad: { path: 'engine/x.ts', text: '// TODO: later' },
  },
  'names say what a file is for, and no file only passes on': {
    check: ({ path, text }) => {
      const name = /(^|\/)(utils?|helpers?|common|misc)(\/|\.)/.test(path)
      const statements = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('//'))
      const barrel = statements.length > 1 && statements.every((line) => /^export .* from /.test(line))
      return name || barrel ? [path] : []
    },
    bad: { path: 'engine/utils.ts', text: '' },
  },
}

describe.each(Object.entries(rules))('%s', (_name, { check, bad }) => {
  test('in every file', () => {
    expect(sources.flatMap(check)).toEqual([])
  })
  test('and the rule can fail', () => {
    expect(check(bad)).not.toEqual([])
  })
})

/** The first cycle among files, as a path; types are erased, and make none. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>()
  const visit = (path: string, trail: string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (done.has(path)) return []
    for (const next of graph.get(path) ?? []) {
      const cycle = visit(next, [...trail, path])
      if (cycle.length > 0) return cycle
    }
    done.add(path)
    return []
  }
  for (const path of graph.keys()) {
    const cycle = visit(path, [])
    if (cycle.length > 0) return cycle
  }
  return []
}

describe('files do not import each other in circles', () => {
  test('in every file', () => {
    const graph = new Map(
      sources.map((source) => [
        source.path,
        imports(source).flatMap(({ target, typeOnly }) => (typeOnly ? [] : [target])),
      ]),
    )
    expect(findCycle(graph)).toEqual([])
  })
  test('and the rule can fail', () => {
    expect(
      findCycle(
        new Map([
          ['a', ['b']],
          ['b', ['a']],
        ]),
      ),
    ).toEqual(['a', 'b', 'a'])
  })
})

function npm(...args: string[]): string {
  return execFileSync('npm', args, {
    cwd: packageRoot(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

/** Npm's own registry, and the one that this machine uses, whichever it is. */
const registries = ['registry.npmjs.org', new URL(npm('config', 'get', 'registry')).host]

/** Where a file says from where somebody takes npm packages, or where on one machine it was written. */
function registryNames(path: string, text: string): string[] {
  const say = (what: string): string => `${path}: ${what.slice(0, 120)}`
  if (path === 'package-lock.json') {
    const urls: string[] = []
    JSON.parse(text, (key, value) => {
      // Pages where one may thank an author are no downloads. Lists of them have numbers for keys.
      const thanks = key === 'url' || /^\d+$/.test(key)
      if (typeof value === 'string' && (key === 'resolved' || (value.includes('://') && !thanks)))
        urls.push(say(`${key} ${value}`))
      return value
    })
    return urls
  }
  const bad = (line: string): boolean =>
    path === '.npmrc'
      ? /^[^#]*(\/\/|registry\s*=)/.test(line)
      : registries.some((host) => line.includes(host)) || /\/work\/main|\.\.\/shared/.test(line)
  return text.split('\n').filter(bad).map(say)
}

describe('the project', () => {
  test('has the top level that it should have', () => {
    const top = new Set(paths.map((path) => path.split('/')[0]))
    const rooms = ['engine', 'lessons', 'site', 'sandbox-vm', 'test']
    const files = [
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'README.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      'LICENSE',
      'biome.json',
      'knip.json',
      'vitest.config.ts',
      'esbuild.config.mjs',
      '.ci',
      '.gitignore',
      '.npmrc',
    ]
    expect([...top].filter((name) => name !== undefined && ![...rooms, ...files].includes(name))).toEqual([])
  })

  test('names no host of a registry and no path of one machine', () => {
    expect(
      registryNames('.npmrc', '# registry\nregistry=http://10.0.0.1\n@a:registry = x\n//b/:_authToken=1'),
    ).toHaveLength(3)
    const lock = {
      packages: { 'node_modules/a': { resolved: 'https://a.example/a.tgz' }, b: { version: 'git+ssh://b' } },
      funding: { url: 'https://github.com/sponsors/a' },
    }
    expect(registryNames('package-lock.json', JSON.stringify(lock))).toHaveLength(2)
    expect(registryNames('README.md', 'npm i --registry https://registry.npmjs.org/')).toHaveLength(1)
    const found = paths
      .filter((path) => path !== 'test/architecture.test.ts' && !path.endsWith('.png'))
      .flatMap((path) => registryNames(path, readFileSync(join(packageRoot(), path), 'utf8')))
    expect(found).toEqual([])
  })

  test('links in its pages lead somewhere', () => {
    const pages = paths.filter(
      (path) => path.endsWith('.md') && !path.startsWith('site/') && !path.startsWith('lessons/content/'),
    )
    const broken = pages.flatMap((page) => {
      const text = readFileSync(join(packageRoot(), page), 'utf8')
      return [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .filter(([, link = '']) => !existsSync(join(packageRoot(), dirname(page), link)))
        .map(([, link]) => `${page}: ${link}`)
    })
    expect(broken).toEqual([])
  })

  test('is packed with what its commands need, and without its tests', () => {
    // npm itself says what it would pack: `files` alone does not tell what it adds, or what an .npmignore takes away.
    const [packed] = JSON.parse(npm('pack', '--dry-run', '--json', '--ignore-scripts'))
    const names: string[] = packed.files.map((file: { path: string }) => file.path)
    const { bin } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'))
    const needed = paths.filter((path) => /^(engine|lessons|sandbox-vm)\//.test(path))
    expect(names).toEqual(expect.arrayContaining([...needed, ...Object.values<string>(bin)]))
    const extra = names.filter((name) => !needed.includes(name) && !name.startsWith('dist/'))
    expect(extra.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'])
    // npm takes its time for ten seconds of a quiet machine.
  }, 90_000)
})

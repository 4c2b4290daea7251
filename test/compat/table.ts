// The table of managers and runtimes in engine/libcontainer/CONFORMANCE.md: every case of
// cases.ts in six columns: ours and runc under docker, podman, and podman of a user without rights.
//
//   sudo node_modules/.bin/node test/compat/table.ts [part of a column's title]
//
// With an argument the other columns keep the answers that the page has.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { pagePath, withManagers } from '../conformance/page.ts'
import { type Manager, openManager } from '../suites/manager.ts'
import { cases } from './cases.ts'

const ours = process.env.TOCKER_RUNTIME ?? join(packageRoot(), 'engine/libcontainer/tocker-runtime')
const columns = (['docker', 'podman', 'podman without root'] as const).flatMap((manager) => [
  { title: `${manager} + runc`, manager, runtime: '/usr/sbin/runc' },
  { title: `${manager} + tocker-runtime`, manager, runtime: ours },
])

const path = join(packageRoot(), pagePath)
const page = existsSync(path) ? readFileSync(path, 'utf8') : ''
const results = answersOf(page)
for (const { title, manager, runtime } of columns) {
  if (!title.includes(process.argv[2] ?? '')) continue
  const opened = await openManager(manager, runtime)
  try {
    results.set(title, await column(opened))
  } finally {
    await opened.close()
  }
}

const table = markdown()
console.log(table)
writeFileSync(path, withManagers(page, table))

/** What the page says already, by column and case. */
function answersOf(text: string): Map<string, Map<string, string>> {
  const [head = [], , ...rows] = text
    .slice(text.indexOf('| Asked |'))
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
  return new Map(
    head.map((title, index) => [title, new Map(rows.map((row) => [row[1] ?? '', row[index] ?? '']))]),
  )
}

/** What each case came to: `yes`, or the first line of what went wrong. Three at a time. */
async function column(manager: Manager): Promise<Map<string, string>> {
  const answers = new Map<string, string>()
  const waiting = Object.entries(cases)
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [title, use] = next
      try {
        await use(manager)
        answers.set(title, 'yes')
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error)
        answers.set(title, `no: ${shortened(text)}`)
      }
    }
  }
  await Promise.all([work(), work(), work()])
  return answers
}

/** The end of a line of errors is where the reason stands. */
function shortened(text: string): string {
  const line = (text.split('\n')[0] ?? '').replace(/^time="[^"]*" level=\w+ msg=/, '')
  return line.replaceAll('|', '/').split(': ').slice(-3).join(': ')
}

function markdown(): string {
  const head = `What was asked of Debian's dockerd 20.10 and podman 4.3, by \`test/compat/cases.ts\`, and whether the
answer was right. Written by \`test/compat/table.ts\`, here on a machine whose root lacks CAP_SYS_RESOURCE,
and with cgroup v1, where a user's podman sets no limits.

| Asked | ${columns.map(({ title }) => title).join(' | ')} |
|---|${columns.map(() => '---|').join('')}
`
  const rows = Object.keys(cases).map(
    (title) =>
      `| ${title} | ${columns.map((one) => results.get(one.title)?.get(title) ?? '').join(' | ')} |\n`,
  )
  return head + rows.join('')
}

// What the suites of a presentation share: a site with a class' door, a lesson with
// a note in it, and the instructor's window.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'
import { type Site, startSite } from '../../site/server/server.ts'
import { openBrowser } from './browser.ts'
import { openVm } from './vm.ts'

export const note = 'Ask the class first. Two hands are enough.'

export interface Stage {
  site: Site
  browser: Browser
  context: BrowserContext
  page: Page
  vm: Sandbox
  /** Where screenshots go. */
  shots: string
  /** Origin of the class' door: another address than the instructor's, as a LAN is elsewhere. */
  lan: string
  close(): Promise<void>
}

export async function openStage(slug: string): Promise<Stage> {
  const scratch = await mkdtemp(join(tmpdir(), 'lc-stage-'))
  // The lessons with a note in one of them. The pages are built without: notes are not in them.
  const content = join(scratch, 'content')
  await cp(join(packageRoot(), 'lessons/content'), content, { recursive: true })
  const lesson = join(content, 'namespaces/unshare-pid/lesson.md')
  const text = await readFile(lesson, 'utf8')
  const heading = '::::: step break-it "Half a namespace"\n'
  await writeFile(
    lesson,
    text.replace(heading, `${heading}::: note\n${note}\n\n- If \`unshare\` hangs: skip.\n:::\n\n`),
  )
  process.env.LEARN_CONTAINERS_CONTENT = content
  const site = await startSite({
    root: join(packageRoot(), 'dist/site'),
    port: 0,
    classHosts: ['127.0.0.2'],
    open: openVm,
  })
  const vm = await site.sandbox
  const browser = await openBrowser()
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } })
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  await page.goto(site.url.replace('/?', `/lessons/${slug}?present&`))
  return {
    ...{ site, browser, context, page, vm },
    shots: process.env.LEARN_CONTAINERS_SCREENSHOTS ?? scratch,
    lan: new URL(site.class?.addresses[0] ?? '').origin,
    close: async () => {
      await browser.close()
      await site.close()
      delete process.env.LEARN_CONTAINERS_CONTENT
      await rm(scratch, { recursive: true, force: true })
    },
  }
}

// What the suites in a real browser share: how it is started, and what axe says.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, chromium, type Page } from 'playwright-core'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'

/** The built site. */
export const siteRoot = join(packageRoot(), 'dist/site')

export async function openBrowser(): Promise<Browser> {
  const executablePath =
    ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
      existsSync(path),
    ) ?? ''
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** For suites about pages: a sandbox that never comes. */
export function noSandbox(): Promise<Sandbox> {
  return Promise.reject(new Error('this suite has no sandbox'))
}

/** What axe finds serious or critical on the page, as it stands. */
export async function seriousViolations(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${new URL(page.url()).pathname} ${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`,
    )
}

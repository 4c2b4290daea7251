// `learn-containers site`, and what `npm start` becomes: serves the site until
// Ctrl-C, with a VM behind it.
//
// Next: site/server/server.ts
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { languageOfCommand } from '../../lessons/language/language.ts'
import { openSandbox } from '../../sandbox-vm/open.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { ProgressLine } from '../../sandbox-vm/progress-line.ts'
import { startSite } from './server.ts'

// Called as `learn-containers site …`, or alone.
const argv = process.argv.slice(Math.max(process.argv.indexOf('site'), 1) + 1)
const flags = new Command('site')
  .option('--port <number>', '', '4400')
  .option('--open')
  .option('--sandbox <where>', '', 'qemu')
  .option('--keep')
  .option('--dev')
  .option('--lang <language>')
  .parse(argv, { from: 'user' })
  .opts<{ port: string; open?: boolean; sandbox: string; keep?: boolean; dev?: boolean }>()

const root = join(packageRoot(), 'dist/site')
if (!flags.dev && !existsSync(join(root, 'index.html')))
  throw new Error("the site is not built yet: run 'npm run site:build'")
const port = Number(flags.port)
if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`not a port: ${flags.port}`)

const abort = new AbortController()
const line = new ProgressLine()
const engine = join(packageRoot(), 'dist/engine')
const site = await startSite({
  root,
  port,
  language: languageOfCommand(process.argv, process.env),
  ...(flags.dev ? { pages: (await import('./development.ts')).developmentPages } : {}),
  open: (onProgress) =>
    openSandbox(flags.sandbox, {
      ...(flags.keep ? { keep: true } : {}),
      ...(existsSync(engine) ? { engine } : {}),
      signal: abort.signal,
      onProgress: (progress) => {
        line.show(progress)
        onProgress(progress)
      },
    }),
})

let closing = false
async function close(): Promise<void> {
  if (closing) return
  closing = true
  abort.abort()
  line.clear()
  await site.close()
  process.exit()
}
process.on('SIGINT', () => void close())
process.on('SIGTERM', () => void close())
process.on('SIGHUP', () => void close())

console.log(`\n  Open ${site.url}\n  Ctrl-C stops the site and the VM.\n`)
const desktop = process.platform === 'darwin' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY
if (flags.open && desktop) {
  const { default: openInBrowser } = await import('open')
  await openInBrowser(site.url).catch(() => {})
}
site.sandbox.then(
  async (sandbox) => {
    line.clear()
    // Ctrl-C, or the VM's death, may come at this very moment: nothing to end with an error for.
    const words = await sandbox.describe().catch(() => undefined)
    if (words !== undefined) console.log(`  Sandbox: ${words}`)
  },
  async (error: Error) => {
    line.clear()
    // Stopping while it came up is no failure.
    if (!closing) {
      console.error(`learn-containers: ${error.message}`)
      process.exitCode = 1
      await close()
    }
  },
)

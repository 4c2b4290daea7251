// `learn-containers site`, `serve` and `present`, and what `npm start` becomes: serves
// the site until Ctrl-C, with a VM behind it, and a door for a class when asked.
//
// Next: site/server/server.ts
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { languageOfCommand } from '../../lessons/language/language.ts'
import { presentWords } from '../../lessons/language/present.ts'
import { sandboxWords } from '../../lessons/language/sandbox.ts'
import { builtEngine } from '../../sandbox-vm/engine-bundle.ts'
import { openSandbox } from '../../sandbox-vm/open.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { ProgressLine } from '../../sandbox-vm/progress-line.ts'
import { lanAddresses } from './listen.ts'
import { startSite } from './server.ts'

// Called as `learn-containers present …`, or alone.
const [first = ''] = process.argv.slice(2)
const argv = ['site', 'serve', 'present'].includes(first) ? process.argv.slice(3) : process.argv.slice(2)
const command = new Command(first)
  .argument('[lesson]')
  .option('--port <number>', '', '4400')
  .option('--open')
  .option('--sandbox <where>', '', 'qemu')
  .option('--keep')
  .option('--dev')
  .option('--lang <language>')
  .option('--class')
  .option('--host <address>', '', (one: string, all: string[] = []) => [...all, one])
  .option('--step <id>')
  .parse(argv, { from: 'user' })
const flags = command.opts<{
  port: string
  open?: boolean
  sandbox: string
  keep?: boolean
  dev?: boolean
  class?: boolean
  host?: string[]
  step?: string
}>()
const slug = first === 'present' ? command.args[0] : undefined
const language = languageOfCommand(process.argv, process.env)
const words = presentWords[language].console

const root = join(packageRoot(), 'dist/site')
if (!flags.dev && !existsSync(join(root, 'index.html'))) throw new Error(words.notBuilt)
const port = Number(flags.port)
if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(words.notPort(flags.port))

const abort = new AbortController()
const line = new ProgressLine()
const site = await startSite({
  root,
  port,
  language,
  ...(flags.dev ? { pages: (await import('./development.ts')).developmentPages } : {}),
  classHosts: flags.class ? classHosts() : [],
  open: (onProgress) =>
    openSandbox(flags.sandbox, {
      ...(flags.keep ? { keep: true } : {}),
      ...builtEngine(),
      signal: abort.signal,
      onProgress: (progress) => {
        line.show({ ...progress, task: sandboxWords(progress.task, language) })
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

const address = pageAddress()
console.log(`\n  ${slug === undefined ? words.open : words.present} ${address}`)
if (site.class) {
  const { code, addresses } = site.class
  for (const one of addresses) console.log(`  ${words.class} ${one}`)
  console.log(`  ${words.code} ${code}\n  ${words.unencrypted}`)
  const others = lanAddresses().filter((one) => !addresses.some((used) => used.includes(`//${one}:`)))
  if (others.length > 0) console.log(`  ${words.otherAddresses(others.join(', '))}`)
}
console.log(`  ${words.stop}\n`)
const desktop = process.platform === 'darwin' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY
if (flags.open && desktop) {
  const { default: openInBrowser } = await import('open')
  await openInBrowser(address).catch(() => {})
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
      console.error(`learn-containers: ${sandboxWords(error.message, language)}`)
      process.exitCode = 1
      await close()
    }
  },
)

/** The way in: the landing page, or the lesson that is presented. */
function pageAddress(): string {
  if (slug === undefined) return site.url
  const url = new URL(site.url)
  const chinese = language === 'zh' && existsSync(join(root, `zh/lessons/${slug}.html`))
  url.pathname = `${chinese ? '/zh' : ''}/lessons/${slug}`
  url.search = `?present&token=${url.searchParams.get('token')}`
  url.hash = flags.step ?? ''
  return url.href
}

function classHosts(): string[] {
  const hosts = flags.host ?? lanAddresses().slice(0, 1)
  if (hosts.length === 0) throw new Error(words.noAddress)
  // The instructor's door is there.
  const alone = hosts.find((host) => ['127.0.0.1', 'localhost', '::1', '0.0.0.0', '::'].includes(host))
  if (alone !== undefined) throw new Error(words.loopback(alone))
  return hosts
}

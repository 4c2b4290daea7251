// `learn-containers`: the command.
//
// Start-up loads commander and this file; a lesson's UI, the VM and the parser
// are loaded by the commands that need them.
//
// Next: lessons/terminal/ui.tsx
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { commandWords } from '../language/command.ts'
import { languageOfCommand } from '../language/language.ts'
import { sandboxWords } from '../language/sandbox.ts'

interface LessonFlags {
  runAll?: boolean
  sandbox: string
  keep?: boolean
  step?: string
}

const language = languageOfCommand(process.argv, process.env)
const words = commandWords[language]
const version: string = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')).version
const lang = (): Option => new Option('--lang <language>', words.options.lang).choices(['zh', 'en'])
const program = new Command('learn-containers')
  .description(words.description)
  .version(version, '-V, --version', words.options.version)
  .helpOption('-h, --help', words.options.help)
  .helpCommand('help [command]', words.commands.help)
  .configureHelp({ styleTitle: inOurWords })
  .argument('[lesson]', words.lesson)
  .option('--run-all', words.options.runAll)
  .option('--sandbox <where>', words.options.sandbox, 'qemu')
  .option('--keep', words.options.keep)
  .option('--step <id>', words.options.step)
  .addOption(lang())
  .enablePositionalOptions()
  .showSuggestionAfterError()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'learn-containers: ')) })
  .exitOverride()
  .action(takeLesson)
  .addHelpText('after', words.after)

program
  .command('site')
  .description(words.commands.site)
  .option('--port <number>', words.options.port, '4400')
  .option('--open', words.options.open)
  .option('--sandbox <where>', words.options.sandboxAbove, 'qemu')
  .option('--keep', words.options.keep)
  .option('--dev', words.options.dev)
  .addOption(lang())
  .action(serveSite)
await addTeaching()
program
  .command('glossary')
  .description(words.commands.glossary)
  .argument('[term...]', words.all)
  .addOption(lang())
  .action(async (term: string[]) => {
    const { printGlossary } = await import('./glossary.ts')
    await printGlossary(term.length === 0 ? undefined : term.join(' '), language, console.log)
  })
program.command('lint').description(words.commands.lint).argument('[slug...]', words.all).action(lintLessons)
program
  .command('new')
  .description(words.commands.new)
  .argument('<module/slug>')
  .option('--zh', words.options.zh)
  .action(async (name: string, { zh }: { zh?: boolean }) => {
    const { newLesson, newTranslation } = await import('../format/template.ts')
    if (zh) return console.log(`${await newTranslation(name)}: translate it, then run learn-containers lint`)
    const { path, listed } = await newLesson(name)
    const place = listed ? 'it is in modules.yaml' : 'add its module to modules.yaml'
    console.log(`${path}: fill it (${place}), then run learn-containers lint`)
  })
program
  .command('forget')
  .description(words.commands.forget)
  .argument('[lesson]', words.all)
  .action(async (slug?: string) => {
    const { Progress } = await import('../player/progress.ts')
    await new Progress().forget(slug)
    console.log(words.forgot(slug))
  })
await addVm()

// `| head` closes our output: nothing is left to say, and that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else {
    const message = error instanceof Error ? error.message : String(error)
    process.stderr.write(`learn-containers: ${sandboxWords(message, language)}\n`)
    process.exitCode = 1
  }
}

/** What `vm` can do is loaded when somebody asks: it brings the whole sandbox along, which `--help` needs not. */
async function addVm(): Promise<void> {
  if (!process.argv.slice(2).includes('vm')) {
    program.command('vm').description(words.commands.vm)
    return
  }
  const [{ vmCommand }, { vmWords }] = await Promise.all([
    import('../../sandbox-vm/vm-command.ts'),
    import('../language/vm.ts'),
  ])
  program.addCommand(vmCommand(vmWords[language]).addOption(lang()).copyInheritedSettings(program))
}

/** `Usage:` and the like, which commander knows in English only. */
function inOurWords(title: string): string {
  const found = Object.entries(words.titles).find(([name]) => title === `${name}:`)
  return found?.[1] ?? title
}

async function takeLesson(slug: string | undefined, flags: LessonFlags): Promise<void> {
  if (slug === undefined) return (await import('./list.ts')).listLessons(language, console.log)
  const { findLesson, suggest } = await import('../format/catalogue.ts')
  const lesson = await findLesson(slug, language)
  if (!lesson) {
    const near = await suggest(slug)
    process.stderr.write(`learn-containers: ${words.noLesson(slug, near)}\n`)
    process.exitCode = 2
    return
  }
  if (flags.step !== undefined && !lesson.steps.some((step) => step.id === flags.step)) {
    process.stderr.write(
      `learn-containers: ${words.noStep(
        slug,
        flags.step,
        lesson.steps.map((step) => step.id),
      )}\n`,
    )
    process.exitCode = 2
    return
  }
  const { playLesson } = await import('./play.ts')
  await playLesson(lesson, { ...flags, language })
}

/** What an instructor needs. */
async function addTeaching(): Promise<void> {
  const { presentCommand, serveCommand } = await import('./teaching.ts')
  for (const make of [presentCommand, serveCommand])
    program.addCommand(make(words, language, serveSite).addOption(lang()).copyInheritedSettings(program))
}

async function serveSite(): Promise<void> {
  // Another bundle, beside this one: it reads its own arguments.
  await import(new URL('./site.mjs', import.meta.url).href)
}

async function lintLessons(slugs: string[]): Promise<void> {
  const [{ modules }, { lint }] = await Promise.all([
    import('../format/catalogue.ts'),
    import('../format/linter.ts'),
  ])
  const lessons = (await modules()).flatMap((module) => module.lessons)
  const all = lessons.map((lesson) => lesson.slug)
  const unknown = slugs.find((slug) => !all.includes(slug))
  if (unknown !== undefined) throw new Error(`there is no lesson ${unknown}`)
  const chosen = lessons.filter((lesson) => slugs.length === 0 || slugs.includes(lesson.slug))
  const complaints = (await Promise.all(chosen.map((lesson) => lint(lesson, all)))).flat()
  for (const line of complaints) console.log(line)
  console.log(`${chosen.length} lessons, ${complaints.length} complaints`)
  if (complaints.length > 0) process.exitCode = 1
}

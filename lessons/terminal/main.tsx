// `learn-containers`: the command.
//
// Start-up loads commander and this file; a lesson's UI, the VM and the parser
// are loaded by the commands that need them.
//
// Next: lessons/terminal/ui.tsx
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { packageRoot } from '../../sandbox-vm/package-root.ts'

interface LessonFlags {
  runAll?: boolean
  sandbox: string
  keep?: boolean
  step?: string
}

const version: string = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')).version
const program = new Command('learn-containers')
  .description(
    'Find out what a container is, on a real kernel: in lessons whose commands run in a small Linux VM that you may break.\nWithout a lesson: what there is to learn, and how far you are.',
  )
  .version(version)
  .argument('[lesson]', 'name of a lesson, such as unshare-pid')
  .option('--run-all', 'go through the lesson unattended: a line per step and check')
  .option('--sandbox <where>', 'qemu (our VM), ssh://user@host, or local (this machine, as root)', 'qemu')
  .option('--keep', 'leave the VM running afterwards')
  .option('--step <id>', 'begin at this step')
  .enablePositionalOptions()
  .showSuggestionAfterError()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'learn-containers: ')) })
  .exitOverride()
  .action(takeLesson)
  .addHelpText(
    'after',
    `
Examples:
  learn-containers                        modules, lessons, your progress
  learn-containers unshare-pid            take a lesson here
  learn-containers unshare-pid --run-all  see it done, unattended
  learn-containers site                   take it in the browser
  learn-containers present unshare-pid --open
                                          present it to a class
  learn-containers vm status              look at the machine behind it

In a lesson: Enter goes on, ? shows all keys, Ctrl-T goes into the terminal and back, q leaves.
Without a terminal (in a pipe, or TERM=dumb) a lesson is plain lines, and Enter goes through it.

Exit status: 0 done, 1 something failed, 2 a name or an option that does not exist.
Environment: EDITOR for exercises, NO_COLOR, LEARN_CONTAINERS_STATE and LEARN_CONTAINERS_CACHE
  (directories), LEARN_CONTAINERS_CONTENT (lessons of your own).`,
  )

program
  .command('site')
  .description('take the lessons in the browser')
  .option('--port <number>', 'port on 127.0.0.1 (the next free one when it is taken)', '4400')
  .option('--open', 'open the browser')
  .option('--sandbox <where>', 'as above', 'qemu')
  .option('--keep', 'leave the VM running afterwards')
  .action(serveSite)
await addTeaching()
program
  .command('lint')
  .description('check lessons')
  .argument('[slug...]', 'all when left out')
  .action(lintLessons)
program
  .command('new')
  .description('begin a new lesson')
  .argument('<module/slug>')
  .option('--zh', 'begin its Chinese translation: lesson.zh.md')
  .action(async (name: string, { zh }: { zh?: boolean }) => {
    const { newLesson, newTranslation } = await import('../format/template.ts')
    if (zh) return console.log(`${await newTranslation(name)}: translate it, then run learn-containers lint`)
    console.log(`${await newLesson(name)}: fill it, add it to modules.yaml, then run learn-containers lint`)
  })
program
  .command('forget')
  .description('forget your progress')
  .argument('[lesson]', 'all when left out')
  .action(async (slug?: string) => {
    const { Progress } = await import('../player/progress.ts')
    await new Progress().forget(slug)
    console.log(slug === undefined ? 'forgot all progress' : `forgot your progress in ${slug}`)
  })
await addVm()

// `| head` closes our output: nothing is left to say, and that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else {
    process.stderr.write(`learn-containers: ${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}

/** What `vm` can do is loaded when somebody asks: it brings the whole sandbox along, which `--help` needs not. */
async function addVm(): Promise<void> {
  if (!process.argv.slice(2).includes('vm')) {
    program
      .command('vm')
      .description('the virtual machine behind the lessons: build, start, stop, status, ssh, reset, clean')
    return
  }
  const { vmCommand } = await import('../../sandbox-vm/vm-command.ts')
  program.addCommand(vmCommand().copyInheritedSettings(program))
}

async function takeLesson(slug: string | undefined, flags: LessonFlags): Promise<void> {
  if (slug === undefined) return (await import('./list.ts')).listLessons(console.log)
  const { findLesson, suggest } = await import('../format/catalogue.ts')
  const lesson = await findLesson(slug)
  if (!lesson) {
    const near = await suggest(slug)
    process.stderr.write(
      `learn-containers: there is no lesson ${slug}${near ? `. Did you mean ${near}?` : ''} (learn-containers lists them all)\n`,
    )
    process.exitCode = 2
    return
  }
  if (flags.step !== undefined && !lesson.steps.some((step) => step.id === flags.step)) {
    process.stderr.write(
      `learn-containers: ${slug} has no step ${flags.step}: it has ${lesson.steps.map((step) => step.id).join(', ')}\n`,
    )
    process.exitCode = 2
    return
  }
  const { playLesson } = await import('./play.ts')
  await playLesson(lesson, flags)
}

/** What an instructor needs: its options are many, and `--help` shows them only when asked for. */
async function addTeaching(): Promise<void> {
  const { presentCommand, serveCommand } = await import('./teaching.ts')
  program.addCommand(presentCommand(serveSite).copyInheritedSettings(program))
  program.addCommand(serveCommand(serveSite).copyInheritedSettings(program))
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

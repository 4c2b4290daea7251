// `learn-containers vm …`: the VM by hand, for those who want to look.
//
// Called by lessons/terminal/main.tsx, which hangs it into its own commands.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { execa } from 'execa'
import { cacheDirectory, stateDirectory } from './directories.ts'
import { builtEngine } from './engine-bundle.ts'
import { currentPlan, ensureImage, findImage, removeImages } from './image/build.ts'
import { KeeperClient } from './keeper-client.ts'
import { openSandbox } from './open.ts'
import { ProgressLine } from './progress-line.ts'
import { type Progress, SandboxError } from './sandbox.ts'

/** What it says: lessons/language/vm.ts has it in the languages of the learners. */
export interface VmWords {
  commands: Record<'vm' | 'build' | 'start' | 'stop' | 'status' | 'ssh' | 'reset' | 'clean', string>
  force: string
  inside: string
  /** What takes long, in the sandbox's own words. */
  task: (task: string) => string
  image: (key: string, directory: string) => string
  running: (what: string) => string
  stopped: string
  notRunning: string
  notBuilt: string
  freshAnyway: string
  reset: (seconds: string) => string
  removed: (size: string) => string
  status: Record<
    'image' | 'cache' | 'state' | 'vm' | 'since' | 'ssh' | 'users' | 'notRunning' | 'nobody',
    string
  > & {
    /** Of the VM; one that is left out is called as it is. */
    states: Record<string, string>
    machine: (state: string, qemu: string, acceleration: string, cpus: number, megabytes: number) => string
    kept: (since: string) => string
    leased: (since: string) => string
    processes: (port: number | string, keeper: number, qemu: number | string) => string
  }
}

export function vmCommand(words: VmWords): Command {
  const { commands, force } = words
  const vm = new Command('vm').description(commands.vm)
  vm.command('build')
    .description(commands.build)
    .action(() => build(words))
  vm.command('start')
    .description(commands.start)
    .action(() => start(words))
  vm.command('stop')
    .description(commands.stop)
    .option('--force', force)
    .action((options: { force?: boolean }) => stop(options, words))
  vm.command('status')
    .description(commands.status)
    .action(() => status(words))
  vm.command('ssh')
    .description(commands.ssh)
    .argument('[command...]', words.inside)
    .action((inside: string[]) => ssh(inside, words))
  vm.command('reset')
    .description(commands.reset)
    .option('--force', force)
    .action((options: { force?: boolean }) => reset(options, words))
  vm.command('clean')
    .description(commands.clean)
    .action(() => clean(words))
  return vm
}

/** Shows what takes long, while `work` does it. */
async function told<T>(
  words: VmWords,
  work: (onProgress: (progress: Progress) => void) => Promise<T>,
): Promise<T> {
  const line = new ProgressLine()
  return work((progress) => line.show({ ...progress, task: words.task(progress.task) })).finally(() =>
    line.clear(),
  )
}

async function build(words: VmWords): Promise<void> {
  const image = await told(words, (onProgress) => ensureImage({ onProgress }))
  console.log(words.image(image.key, image.directory))
}

async function start(words: VmWords): Promise<void> {
  await using sandbox = await told(words, (onProgress) =>
    openSandbox('qemu', { ...builtEngine(), keep: true, onProgress }),
  )
  console.log(words.running(await sandbox.describe()))
}

/** The keeper that runs now, without a lease on its VM. */
async function running(): Promise<KeeperClient | undefined> {
  return KeeperClient.find({ lease: false, onState: () => {} })
}

async function stop(options: { force?: boolean }, words: VmWords): Promise<void> {
  const keeper = await running()
  if (!keeper) return console.log(words.notRunning)
  await keeper.ask({ type: 'stop', force: options.force ?? false }).catch(withForceHint)
  await keeper.closed
  console.log(words.stopped)
}

async function status({ status: words, notBuilt }: VmWords): Promise<void> {
  const image = await findImage()
  const labels = [words.image, words.cache, words.state, words.vm, words.since, words.ssh, words.users]
  // A wide character takes two cells.
  const cells = (text: string): number => [...text].reduce((sum, one) => sum + (one > '\u1100' ? 2 : 1), 0)
  const widest = Math.max(...labels.map(cells))
  const say = (label: string, text: string): void =>
    console.log(`${label}${' '.repeat(widest - cells(label) + 3)}${text}`)
  say(
    words.image,
    image ? `${image.key}, ${await diskUse(image.directory)}` : `${(await currentPlan()).key}, ${notBuilt}`,
  )
  say(words.cache, `${cacheDirectory()}, ${await diskUse(cacheDirectory())}`)
  say(words.state, `${stateDirectory()}, ${await diskUse(stateDirectory())}`)
  const keeper = await running()
  const now = await keeper?.ask({ type: 'status' })
  keeper?.close()
  if (!now) return say(words.vm, words.notRunning)
  const { state, qemuVersion, acceleration, cpus, memoryMegabytes } = now
  say(words.vm, words.machine(words.states[state] ?? state, qemuVersion, acceleration, cpus, memoryMegabytes))
  const since = new Date(now.startedAt).toLocaleString()
  say(words.since, now.keep ? words.kept(since) : words.leased(since))
  say(words.ssh, words.processes(now.port ?? '-', now.keeperPid, now.qemuPid ?? '-'))
  say(words.users, now.users.join(', ') || words.nobody)
}

async function ssh(command: string[], words: VmWords): Promise<void> {
  const { stdin, stdout } = process
  await using sandbox = await told(words, (onProgress) =>
    openSandbox('qemu', { ...builtEngine(), onProgress }),
  )
  if (command.length > 0) {
    const { status } = await sandbox.exec(command.join(' '), {
      // What is typed here would not be a terminal there.
      ...(stdin.isTTY ? {} : { stdin }),
      onStdout: (chunk) => stdout.write(chunk),
      onStderr: (chunk) => process.stderr.write(chunk),
    })
    process.exitCode = status
    // Somebody may hold the other end for ever: nobody here reads it any more.
    stdin.destroy()
    return
  }
  if (!stdin.isTTY)
    throw new SandboxError('failed', 'vm ssh needs a terminal: give a command instead (vm ssh -- uname -a)')
  const shell = await sandbox.shell({ cols: stdout.columns, rows: stdout.rows })
  const onResize = (): void => shell.resize(stdout.columns, stdout.rows)
  stdin.setRawMode(true)
  stdin.on('data', (data) => shell.write(data))
  stdout.on('resize', onResize)
  shell.onData((chunk) => stdout.write(chunk))
  process.exitCode = await shell.exited
  stdin.setRawMode(false)
  stdin.pause()
}

async function reset(options: { force?: boolean }, words: VmWords): Promise<void> {
  const keeper = await running()
  if (!keeper) return console.log(words.freshAnyway)
  const before = performance.now()
  await keeper.ask({ type: 'reset', force: options.force ?? false }).catch(withForceHint)
  keeper.close()
  console.log(words.reset(((performance.now() - before) / 1000).toFixed(1)))
}

async function clean(words: VmWords): Promise<void> {
  const keeper = await running()
  if (keeper) {
    keeper.close()
    throw new SandboxError('busy', "the VM is running: run 'learn-containers vm stop' first")
  }
  const before = await diskUse(cacheDirectory())
  await removeImages()
  await rm(join(stateDirectory(), 'machines'), { recursive: true, force: true })
  console.log(words.removed(before))
}

function withForceHint(error: unknown): never {
  if (error instanceof SandboxError && error.kind === 'busy')
    throw new SandboxError('busy', `${error.message}: --force does it all the same`)
  throw error
}

/**
 * What the files below `directory` take on the disk; the image is sparse, so not what they say.
 * du(1) also counts around what we may not look into: apt's own directory, where a user built the image.
 */
async function diskUse(directory: string): Promise<string> {
  const { stdout } = await execa('du', ['-sk', directory], { reject: false, stderr: 'ignore' })
  return `${Math.round(((Number.parseInt(stdout, 10) || 0) * 1024) / 1e6)} MB`
}

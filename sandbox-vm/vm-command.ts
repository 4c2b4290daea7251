// `learn-containers vm …`: the VM by hand, for those who want to look.
//
// Called by lessons/terminal/main.tsx, which hangs it into its own commands.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { execa } from 'execa'
import { cacheDirectory, stateDirectory } from './directories.ts'
import { currentPlan, ensureImage, findImage, removeImages } from './image/build.ts'
import { KeeperClient } from './keeper-client.ts'
import { openSandbox } from './open.ts'
import { ProgressLine } from './progress-line.ts'
import { SandboxError } from './sandbox.ts'

export function vmCommand(): Command {
  const vm = new Command('vm').description('the virtual machine behind the lessons')
  vm.command('build').description('build the image, unless it is in the cache').action(build)
  vm.command('start').description('start the VM, and keep it running').action(start)
  vm.command('stop')
    .description('stop the VM')
    .option('--force', 'also when another program uses it')
    .action(stop)
  vm.command('status').description('what runs, how fast, for whom').action(status)
  vm.command('ssh')
    .description('a shell in the VM')
    .argument('[command...]', 'run this instead of a shell')
    .action(ssh)
  vm.command('reset')
    .description('put the first state back')
    .option('--force', 'also when another program uses it')
    .action(reset)
  vm.command('clean').description('remove images and machines; the next start builds again').action(clean)
  return vm
}

async function build(): Promise<void> {
  const line = new ProgressLine()
  const image = await ensureImage({ onProgress: (progress) => line.show(progress) }).finally(() =>
    line.clear(),
  )
  console.log(`image ${image.key}: ${image.directory}`)
}

async function start(): Promise<void> {
  const line = new ProgressLine()
  await using sandbox = await openSandbox('qemu', {
    keep: true,
    onProgress: (progress) => line.show(progress),
  }).finally(() => line.clear())
  console.log(`running: ${await sandbox.describe()}`)
}

/** The keeper that runs now, without a lease on its VM. */
async function running(): Promise<KeeperClient | undefined> {
  return KeeperClient.find({ lease: false, onState: () => {} })
}

async function stop(options: { force?: boolean }): Promise<void> {
  const keeper = await running()
  if (!keeper) return console.log('the VM is not running')
  await keeper.ask({ type: 'stop', force: options.force ?? false }).catch(withForceHint)
  await keeper.closed
  console.log('stopped')
}

async function status(): Promise<void> {
  const image = await findImage()
  console.log(
    `image    ${image ? `${image.key}, ${await diskUse(image.directory)}` : `${(await currentPlan()).key}, not built yet`}`,
  )
  console.log(`cache    ${cacheDirectory()}, ${await diskUse(cacheDirectory())}`)
  console.log(`state    ${stateDirectory()}, ${await diskUse(stateDirectory())}`)
  const keeper = await running()
  const now = await keeper?.ask({ type: 'status' })
  keeper?.close()
  if (!now) return console.log('VM       not running')
  console.log(
    `VM       ${now.state}, QEMU ${now.qemuVersion}, ${now.acceleration}, ${now.cpus} CPUs, ${now.memoryMegabytes} MB`,
  )
  console.log(
    `since    ${new Date(now.startedAt).toLocaleString()}${now.keep ? ', kept until `vm stop`' : ', stops with its last user'}`,
  )
  console.log(
    `ssh      127.0.0.1:${now.port ?? '-'} (keeper pid ${now.keeperPid}, QEMU pid ${now.qemuPid ?? '-'})`,
  )
  console.log(`users    ${now.users.join(', ') || 'nobody'}`)
}

async function ssh(words: string[]): Promise<void> {
  const line = new ProgressLine()
  await using sandbox = await openSandbox('qemu', { onProgress: (progress) => line.show(progress) }).finally(
    () => line.clear(),
  )
  if (words.length > 0) {
    const result = await sandbox.exec(words.join(' '), { onStdout: (chunk) => process.stdout.write(chunk) })
    process.stderr.write(result.stderr)
    process.exitCode = result.status
    return
  }
  const { stdin, stdout } = process
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

async function reset(options: { force?: boolean }): Promise<void> {
  const keeper = await running()
  if (!keeper) return console.log('the VM is not running: its next start is in the first state anyway')
  const before = performance.now()
  await keeper.ask({ type: 'reset', force: options.force ?? false }).catch(withForceHint)
  keeper.close()
  console.log(`first state again, after ${((performance.now() - before) / 1000).toFixed(1)} s`)
}

async function clean(): Promise<void> {
  const keeper = await running()
  if (keeper) {
    keeper.close()
    throw new SandboxError('busy', "the VM is running: run 'learn-containers vm stop' first")
  }
  const before = await diskUse(cacheDirectory())
  await removeImages()
  await rm(join(stateDirectory(), 'machines'), { recursive: true, force: true })
  console.log(`removed ${before} of images and packages, and the machine`)
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

// The keeper: a small process of its own that owns the VM.
//
// The first program that wants the VM starts a keeper, and every program holds a
// connection to it. While there is one, the VM runs; when a program dies, the
// kernel closes its connection. So no killed program leaves a VM behind, and
// two programs never fight over one. When the keeper itself dies, QEMU dies
// with it (machine.ts), and the programs start another.
//
//   keeper.mjs <directory of the machine>
//
// Next: sandbox-vm/keeper/protocol.ts
import { chmod, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { execa } from 'execa'
import { socketPath } from '../directories.ts'
import { builtEngine } from '../engine-bundle.ts'
import { ensureImage, touchImage } from '../image/build.ts'
import { requireDisk, requireMemory } from '../space.ts'
import { type Accelerator, acceleratorNames, findAccelerator, qemuProgram } from './acceleration.ts'
import { ensureKeys } from './keys.ts'
import { Machine, type MachineFiles, memoryMegabytes } from './machine.ts'
import { type Message, type Request, readMessages, requestSchema } from './protocol.ts'
import { keeperVersion } from './version.ts'

type State = Extract<Message, { type: 'state' }>
interface User {
  socket: Socket
  who: string
  lease: boolean
}

/** What QEMU takes beside the guest's own pages, which come as they are used. */
const neededMemoryBytes = 500e6
const neededDiskBytes = 600e6

const directory = process.argv[2] ?? ''
const users = new Set<User>()
let machine: Machine | undefined
let state: State = { type: 'state', state: 'starting', reason: '' }
let files: MachineFiles | undefined
let accelerator: Accelerator = 'tcg'
let qemuVersion = '?'
let keep = false
let stopping = false
let deaths: number[] = []
const startedAt = Date.now()
const version = await keeperVersion()

function send(socket: Socket, message: Message): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`)
}

function announce(next: Omit<State, 'type'>): void {
  state = { type: 'state', ...next }
  // Standard output is keeper.log, where one looks when the VM misbehaved.
  console.log(new Date().toISOString(), next.state, next.reason)
  for (const user of users) send(user.socket, state)
}

async function boot(): Promise<void> {
  const image = await ensureImage()
  const { stdout } = await execa(qemuProgram(), ['--version'])
  qemuVersion = /version (\S+)/.exec(stdout)?.[1] ?? '?'
  accelerator = await findAccelerator(directory, image.kernel, qemuVersion)
  files = {
    directory,
    image,
    initrd: await ensureKeys(directory, image),
    qmpSocket: socketPath(directory, 'qmp'),
    ...builtEngine(),
  }
  await touchImage(image)
  await requireMemory(neededMemoryBytes)
  await requireDisk(directory, neededDiskBytes, [
    'the VM takes',
    'for its disk and its snapshot',
    'make room, or set LEARN_CONTAINERS_STATE',
  ])
  await startMachine()
}

async function startMachine(): Promise<void> {
  if (!files) return
  announce({ state: 'starting', reason: `starting the VM, ${acceleratorNames[accelerator]}` })
  const started = await Machine.start(files, accelerator, qemuVersion).catch((error: unknown) => {
    if (!files || accelerator === 'tcg' || stopping) throw error
    // The probe saw the kernel speak, but it never got as far as sshd: slow is better than not at all.
    accelerator = 'tcg'
    return Machine.start(files, accelerator, qemuVersion)
  })
  machine = started
  if (stopping) return void (await started.stop())
  announce({ state: 'ready', reason: '', port: started.port })
  void started.ended.then((words) => {
    if (!stopping && machine === started) void restart(words)
  })
}

/** The VM died under its users: say so, and start another, unless it dies again and again. */
async function restart(words: string): Promise<void> {
  machine = undefined
  announce({ state: 'lost', reason: `the VM died: ${words}` })
  deaths = [...deaths.filter((time) => time > Date.now() - 60_000), Date.now()]
  if (deaths.length > 5) return fail('the VM died six times within a minute')
  await startMachine().catch((error: unknown) => fail(String(error instanceof Error ? error.message : error)))
}

function fail(reason: string): void {
  announce({ state: 'failed', reason })
  void stop()
}

async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  // Still listening: a program that comes now is told to wait, and does not start a second VM on this disk.
  await machine?.stop()
  server.close()
  announce({ state: 'stopped', reason: state.state === 'failed' ? state.reason : 'the VM was stopped' })
  for (const user of users) user.socket.end()
  setTimeout(() => process.exit(0), 50)
}

/** False when the newcomer was sent away. Looking on and stopping are open to every version. */
function admit(user: User, theirs: string): boolean {
  const names = leases().map((other) => other.who)
  const refuse = (reason: string): false => {
    send(user.socket, { type: 'refused', stopping, reason })
    if (!stopping) user.socket.end()
    return false
  }
  if (stopping) return refuse('the VM is stopping')
  if (theirs === version) return true
  if (names.length > 0)
    return refuse(
      `another version of learn-containers runs the VM (${version}; this is ${theirs}): close ${names.join(', ')} first`,
    )
  void stop()
  return refuse('a VM of another version stops')
}

function leases(): User[] {
  return [...users].filter((user) => user.lease)
}

async function answer(user: User, request: Request): Promise<void> {
  if (request.type === 'hello') {
    if (request.lease && !admit(user, request.version)) return
    user.who = request.who
    user.lease = request.lease
    if (request.keep) keep = true
    return send(user.socket, state)
  }
  const others = leases().filter((other) => other !== user)
  const busy = `${others.length === 1 ? 'another program uses' : `${others.length} other programs use`} this VM (${others.map((o) => o.who).join(', ')})`
  const reply = (rest: object = {}): void => send(user.socket, { type: 'answer', id: request.id, ...rest })
  if (request.type === 'status') return reply({ status: status() })
  if (request.type === 'keep') {
    keep = request.keep
    return reply()
  }
  if (others.length > 0 && !request.force) return reply({ error: { kind: 'busy', message: busy } })
  if (request.type === 'stop') {
    reply()
    return stop()
  }
  if (!machine) return reply({ error: { kind: 'lost', message: 'the VM is not running at the moment' } })
  announce({ state: 'resetting', reason: `${user.who} reset the VM` })
  const running = machine
  await running.reset().catch(async () => {
    // A snapshot that does not load leaves a machine in no known state.
    await running.stop()
    await running.ended
  })
  // A machine that did not survive was announced, and is being started again, by restart().
  if (machine === running) announce({ state: 'ready', reason: '', port: running.port })
  reply()
}

function status(): NonNullable<Extract<Message, { type: 'answer' }>['status']> {
  const port = machine?.port
  const qemuPid = machine?.pid
  return {
    state: state.state,
    ...(port === undefined ? {} : { port }),
    ...(qemuPid === undefined ? {} : { qemuPid }),
    acceleration: acceleratorNames[accelerator],
    qemuVersion,
    keeperPid: process.pid,
    memoryMegabytes,
    cpus: Machine.cpuCount(),
    image: files?.image.key ?? '?',
    users: leases().map((user) => user.who),
    keep,
    startedAt,
  }
}

const server = createServer((socket) => {
  const user: User = { socket, who: '?', lease: false }
  users.add(user)
  socket.on('error', () => {})
  socket.on('close', () => {
    users.delete(user)
    if (user.lease && leases().length === 0 && !keep) void stop()
  })
  readMessages(socket, requestSchema, (request) => {
    void answer(user, request)
  })
})

// Nobody came: whoever started us died before it could connect.
setTimeout(() => {
  if (leases().length === 0 && !keep) void stop()
}, 20_000)

process.on('SIGTERM', () => void stop())
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})

// Whoever started us holds the lock that lets only one keeper come up (keeper-client.ts).
const path = socketPath(directory, 'keeper')
await rm(path, { force: true })
server.listen(path, async () => {
  await chmod(path, 0o600)
  boot().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)))
})

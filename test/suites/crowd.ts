// Many clients of one tockerd at the same time: what each of them does is chosen by chance,
// what comes of it is looked at.
import { existsSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod/mini'
import { hierarchies } from '../../engine/libcontainer/cgroups/hierarchy.ts'
import { inventory, read } from './inventory.ts'
import type { Tockerd } from './tockerd.ts'

const containers = 10
/** Milliseconds in which a verb must have been answered. */
const patience = 60_000

const identified = z.object({ Id: z.string() })
const summaries = z.array(identified)
const jobs = z.array(z.object({ Name: z.string(), Status: z.string(), Milliseconds: z.number() }))
const inspected = z.object({
  Id: z.string(),
  State: z.object({ Status: z.string(), Running: z.boolean(), Paused: z.boolean(), Pid: z.number() }),
})
type State = z.infer<typeof inspected>['State']

interface Answer {
  status: number
  body: string
}

export type Verb = () => Promise<unknown>
type VerbsOf = (crowd: Crowd) => readonly Verb[]

/** To `unpause` of what is not paused, and to `restart` and `update` of what is being removed, Docker answers 500, and so do we. */
const asDocker = /is not paused|marked for removal/

const script = 'trap "exit 0" TERM; while :; do echo x; sleep 0.1; done'
export const chance = (below: number): number => Math.floor(Math.random() * below)
export const nameOf = (): string => `c${chance(containers)}`
export const pick = <T>(from: readonly T[]): T => {
  const one = from[chance(from.length)]
  if (one === undefined) throw new Error('nothing to choose from')
  return one
}

export class Crowd {
  readonly mistakes: string[] = []
  readonly #tockerd: Tockerd
  readonly #verbs: readonly Verb[]
  readonly #counts = new Map<string, number>()
  #before: Record<string, number | string> = {}

  private constructor(tockerd: Tockerd, verbs: VerbsOf) {
    this.#tockerd = tockerd
    this.#verbs = verbs(this)
  }

  /** @param verbs what they do; left out, everything that there is to do with containers */
  static async open(tockerd: Tockerd, verbs: VerbsOf = containerVerbs): Promise<Crowd> {
    const crowd = new Crowd(tockerd, verbs)
    await tockerd.ok('run', '--rm', '--network', 'none', 'busybox', 'true')
    await sleep(500)
    crowd.#before = inventory(tockerd)
    return crowd
  }

  get summary(): string {
    return [...this.#counts]
      .toSorted()
      .map(([what, count]) => `${what} ${count}`)
      .join(', ')
  }

  async work({ clients, seconds }: { clients: number; seconds: number }): Promise<void> {
    const end = Date.now() + seconds * 1000
    const client = async (): Promise<void> => {
      while (Date.now() < end && this.mistakes.length < 20) await pick(this.#verbs)()
    }
    await Promise.all(Array.from({ length: clients }, client))
  }

  /** What it says fits together, and does not stay wrong. */
  async inspect(): Promise<void> {
    const state = await this.#stateOf(nameOf())
    if (state === undefined) return
    const { Status, Running, Paused, Pid } = state
    const fits =
      Running === (Pid !== 0) &&
      Running === ['running', 'paused'].includes(Status) &&
      Paused === (Status === 'paused')
    if (!fits) this.mistakes.push(`two states at once: ${JSON.stringify(state)}`)
  }

  async #stateOf(name: string): Promise<State | undefined> {
    const { status, body } = await this.ask('GET', `/containers/${name}/json`)
    return status === 200 ? inspected.parse(JSON.parse(body)).State : undefined
  }

  async ask(method: string, path: string, body?: object | Buffer): Promise<Answer> {
    const answer = await Promise.race([
      this.#send(method, path, body).done,
      sleep(patience, undefined, { ref: false }),
    ])
    this.#judge(method, path, answer)
    return answer ?? { status: 0, body: '' }
  }

  /** Goes away after a while, whatever it has heard. */
  async leave(method: string, path: string, body?: object): Promise<void> {
    const { done, leave } = this.#send(method, path, body)
    const answer = await Promise.race([done, sleep(chance(600), undefined)])
    leave()
    if (answer !== undefined) this.#judge(method, path, answer)
    else this.#count(`${method} ${kindOf(path)} left`)
  }

  #judge(method: string, path: string, answer: Answer | undefined): void {
    this.#count(`${method} ${kindOf(path)} ${answer?.status ?? 'silent'}`)
    if (answer === undefined) this.mistakes.push(`no answer: ${method} ${path}`)
    else if (answer.status >= 500 && !asDocker.test(answer.body))
      this.mistakes.push(`${method} ${path}: ${answer.status} ${answer.body}`)
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }

  #send(method: string, path: string, body?: object | Buffer): { done: Promise<Answer>; leave: () => void } {
    const isArchive = Buffer.isBuffer(body)
    const bytes = isArchive ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body))
    const type = isArchive ? 'application/x-tar' : 'application/json'
    const headers = {
      'content-length': bytes.length,
      ...(bytes.length === 0 ? {} : { 'content-type': type }),
    }
    const sent = request({ socketPath: this.#tockerd.socket, method, path, headers, agent: false })
    const done = new Promise<Answer>((resolve) => {
      let status = 0
      const chunks: Buffer[] = []
      const over = (): void => resolve({ status, body: Buffer.concat(chunks).toString('latin1') })
      sent.once('response', (response: IncomingMessage) => {
        status = response.statusCode ?? 0
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', over)
        response.once('close', over)
      })
      sent.on('error', over)
    })
    sent.end(bytes)
    return { done, leave: () => sent.destroy() }
  }

  async #all(): Promise<string[]> {
    const { body } = await this.ask('GET', '/containers/json?all=1')
    return summaries.parse(JSON.parse(body)).map(({ Id }) => Id)
  }

  /** Between what is said of each container and what the kernel has. */
  async contradictions(): Promise<string[]> {
    const found: string[] = []
    for (const id of await this.#all()) {
      const state = await this.#stateOf(id)
      if (state === undefined) continue
      const lives = state.Pid !== 0 && existsSync(`/proc/${state.Pid}`)
      const processes = this.#processes(id)
      const frozen = this.#isFrozen(id)
      const kernel = processes === 0 ? 'none' : frozen ? 'paused' : 'running'
      const said = state.Running ? state.Status : 'none'
      if (kernel !== said || lives !== state.Running)
        found.push(`${id}: ${JSON.stringify(state)}, and there are ${processes} processes, ${kernel}`)
    }
    return found
  }

  #cgroup(id: string): string[] {
    const { v1, v2 } = hierarchies()
    const parent = basename(this.#tockerd.directory)
    return [...Object.values(v1), ...(v2 === undefined ? [] : [v2])].map((root) => join(root, parent, id))
  }

  #processes(id: string): number {
    return Math.max(
      0,
      ...this.#cgroup(id).map((path) => read(join(path, 'cgroup.procs')).split('\n').filter(Boolean).length),
    )
  }

  #isFrozen(id: string): boolean {
    return this.#cgroup(id).some(
      (path) =>
        read(join(path, 'freezer.state')).trim() === 'FROZEN' ||
        /frozen 1/.test(read(join(path, 'cgroup.events'))),
    )
  }

  async removeAll(): Promise<void> {
    // A start that was under way when its client left may come in between, once.
    for (let tries = 0; tries < 3; tries++)
      for (const id of await this.#all()) await this.ask('DELETE', `/containers/${id}?force=1&v=1`)
    for (const id of await this.#all()) this.mistakes.push(`it cannot be removed: ${id}`)
    // What goes on though nobody waits for it any more, and does not end soon.
    const end = Date.now() + 10_000
    while ((await this.#running()).length > 0 && Date.now() < end) await sleep(100)
    for (const { Name, Milliseconds } of await this.#running())
      this.mistakes.push(`${Name} has been running for ${Milliseconds} ms`)
  }

  async #running(): Promise<{ Name: string; Milliseconds: number }[]> {
    const { body } = await this.ask('GET', '/jobs')
    return jobs.parse(JSON.parse(body)).filter(({ Status }) => Status === 'running')
  }

  /** What there is more of than before. */
  leaks(): string[] {
    const now = inventory(this.#tockerd)
    return Object.entries(this.#before).flatMap(([what, before]) => {
      const after = now[what]
      const isMore = typeof before === 'number' ? Number(after) > before + 4 : after !== before
      return isMore ? [`${what}: ${after}, and ${before} before`] : []
    })
  }
}

/** `start` of `/containers/c1/start?t=1`. */
function kindOf(path: string): string {
  return path.replace(/\?.*/, '').replace(/\/([cinv]\d|[0-9a-f]{64})\b/, '')
}

function containerVerbs(crowd: Crowd): readonly Verb[] {
  const ask = (method: string, what: string) => () => crowd.ask(method, `/containers/${nameOf()}${what}`)
  return [
    () => create(crowd),
    () => create(crowd),
    ...[
      'start',
      'start',
      'stop?t=1',
      'stop?t=0',
      'kill',
      'kill?signal=USR1',
      'pause',
      'unpause',
      'restart?t=0',
    ].map((verb) => ask('POST', `/${verb}`)),
    ...[
      'json',
      'json',
      'top',
      'logs?stdout=1&tail=5',
      'changes',
      'stats?stream=0&one-shot=1',
      'json?size=1',
    ].map((what) => ask('GET', `/${what}`)),
    () => crowd.ask('POST', `/containers/${nameOf()}/rename?name=${nameOf()}`),
    () => crowd.ask('POST', `/containers/${nameOf()}/update`, { PidsLimit: 50 + chance(50) }),
    () => crowd.ask('GET', '/containers/json?all=1'),
    ask('GET', '/archive?path=/etc'),
    ask('DELETE', '?force=1&v=1'),
    () => exec(crowd),
    () => exec(crowd),
    () => crowd.leave('POST', `/containers/${nameOf()}/attach?stream=1&stdout=1&stdin=1`),
    () => crowd.leave('GET', `/containers/${nameOf()}/logs?follow=1&stdout=1`),
    () => crowd.leave('POST', `/containers/${nameOf()}/wait`),
    () => crowd.leave('GET', `/containers/${nameOf()}/stats`),
    () => crowd.inspect(),
    () => crowd.inspect(),
  ]
}

function create(crowd: Crowd): Promise<Answer> {
  const body = {
    Image: 'busybox',
    Cmd: ['sh', '-c', script],
    OpenStdin: true,
    HostConfig: { NetworkMode: 'none' },
  }
  return crowd.ask('POST', `/containers/create?name=${nameOf()}`, body)
}

async function exec(crowd: Crowd): Promise<void> {
  const cmd = pick([['true'], ['sleep', '0.2'], ['sleep', '1000'], ['nowhere']])
  const body = { Cmd: cmd, AttachStdout: true, AttachStderr: true, AttachStdin: chance(2) === 0 }
  const { status, body: said } = await crowd.ask('POST', `/containers/${nameOf()}/exec`, body)
  if (status !== 201) return
  const { Id } = identified.parse(JSON.parse(said))
  await crowd.leave('POST', `/exec/${Id}/start`, { Detach: chance(3) === 0, Tty: chance(4) === 0 })
  await crowd.ask('GET', `/exec/${Id}/json`)
}

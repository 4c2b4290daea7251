// The command line on a double of the engine, which writes down what it is asked:
// what both suites of verbs share. No kernel, no root.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine } from '../../engine/libcontainer/commands/verb.ts'
import { exampleConfig } from '../../engine/libcontainer/config/example.ts'
import { main } from '../../engine/libcontainer/main.ts'
import { identify } from '../../engine/libcontainer/process-identity.ts'
import { type RuntimeState, reserveName } from '../../engine/libcontainer/state.ts'

/** One test's world: a state directory, an engine that notes its calls, what was printed. */
export class RuntimeDouble {
  readonly root = mkdtempSync(join(tmpdir(), 'lc-line-'))
  readonly state = join(this.root, 'state')
  readonly calls: unknown[][] = []
  /** Is the container's freezer on? */
  frozen = false
  out = ''
  err = ''

  #note(name: string) {
    return async (...args: unknown[]): Promise<void> => void this.calls.push([name, ...args])
  }

  readonly engine: Engine = {
    createContainer: this.#note('create'),
    startContainer: this.#note('start'),
    killContainer: this.#note('kill'),
    deleteContainer: this.#note('delete'),
    runContainer: async (options) => {
      this.calls.push(['run', options])
      return { status: 7 }
    },
    execInContainer: async (options) => {
      this.calls.push(['exec', options])
      return 9
    },
    cgroupOf: async () => ({
      state: this.frozen ? 'frozen' : 'thawed',
      freeze: () => void this.calls.push(['freeze']),
      thaw: () => void this.calls.push(['thaw']),
      pids: () => [process.pid],
      update: (resources) => void this.calls.push(['update', resources]),
      stats: () => ({ pids: { current: 1 } }),
      watchOom: ({ onOom, onEnd }) => {
        setTimeout(onOom, 10)
        setTimeout(onEnd, 30)
        return { [Symbol.dispose]: () => {} }
      },
    }),
  }

  /** Removes the state directory. */
  close(): void {
    rmSync(this.root, { recursive: true })
  }

  /** @returns the exit status */
  async run(...words: string[]): Promise<number> {
    this.out = ''
    this.err = ''
    const out = (text: string): void => {
      this.out += text
    }
    const err = (text: string): void => {
      this.err += text
    }
    return main(['--root', this.state, ...words], this.engine, { out, err })
  }

  /** A bundle with the example, changed. */
  bundle(change: (config: { process: { terminal: boolean } }) => void = () => {}): string {
    mkdirSync(join(this.root, 'b/rootfs'), { recursive: true })
    const config = JSON.parse(JSON.stringify(exampleConfig({ cgroupNamespace: false })))
    config.process.terminal = false
    change(config)
    writeFileSync(join(this.root, 'b/config.json'), JSON.stringify(config))
    return join(this.root, 'b')
  }

  /** A container whose process is this test. */
  container(id: string, more: Partial<RuntimeState> = {}): void {
    const self = identify(process.pid) ?? { pid: 1, startTime: 1 }
    reserveName(this.state, {
      ...{ ociVersion: '1.2.0', id, phase: 'created', creator: self, init: self },
      ...{ bundle: '/b', rootfs: '/b/rootfs', created: '2026-01-01T00:00:00.000Z', owner: 0 },
      config: exampleConfig({ cgroupNamespace: false }),
      ...{ cgroupPaths: {}, namespacePaths: {} },
      ...more,
    })
  }
}

/** A process that is no more. */
export const gone = { init: { pid: 2 ** 22 + 1, startTime: 1 } }

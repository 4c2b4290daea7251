// The terminals of a page: one xterm for each that the lesson has, in the element with
// `data-terminal` of its name, from when the page stands until it goes.
//
// Used by TerminalPanel.vue, where one is in sight, and stage/StageTerminals.vue, where
// several are, or a viewer's copies of them.
import type { FitAddon } from '@xterm/addon-fit'
import type { ITerminalOptions, Terminal } from '@xterm/xterm'
import { onBeforeUnmount, onMounted, type Ref, watch } from 'vue'
import type { Connection } from './connection.ts'
import '@xterm/xterm/css/xterm.css'

export interface Screen {
  terminal: Terminal
  addon: FitAddon
  host: HTMLElement
}

interface Wanted {
  /** The element that holds them all. */
  root: Ref<HTMLElement | undefined>
  props: { names: readonly string[]; connection: Connection }
  options: () => ITerminalOptions
  /** What a screen reader calls it. */
  label: (name: string) => string
  /** Takes no keys, and has the size of another's. */
  mirror: boolean
  /** Gives each the size that there is room for, whenever that may have changed. */
  fit: (screens: ReadonlyMap<string, Screen>) => void
}

/** What all of them look like. */
const look: ITerminalOptions = {
  fontFamily: 'ui-monospace, "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  screenReaderMode: true,
  // At 1 the underscore falls out of its cell with some fonts.
  lineHeight: 1.15,
}
export const theme = {
  background: '#10181a',
  foreground: '#e6ecee',
  cursor: '#5fd0c8',
  black: '#2b3639',
  brightBlack: '#8b999d',
}

/** To be called while the component is set up. @returns them by name; none before xterm is loaded */
export function useTerminals({ root, props, options, label, mirror, fit }: Wanted): Map<string, Screen> {
  const { connection } = props
  const screens = new Map<string, Screen>()
  // What comes before xterm is loaded.
  const early: [string, Uint8Array | string, boolean][] = []
  const show = (name: string, data: Uint8Array | string, fresh: boolean): void => {
    if (fresh) screens.get(name)?.terminal.reset()
    screens.get(name)?.terminal.write(data)
  }
  const forget = connection.onOutput((name, data, fresh) => {
    if (screens.has(name)) show(name, data, fresh)
    else early.push([name, data, fresh])
  })
  const resizer = typeof ResizeObserver === 'undefined' ? undefined : new ResizeObserver(() => fit(screens))
  const sendSize = (name: string, { cols, rows }: { cols: number; rows: number }): void =>
    connection.send({ type: 'resize', terminal: name, cols, rows })

  onMounted(async () => {
    const [{ Terminal }, { FitAddon }] = await Promise.all([
      import('@xterm/xterm'),
      import('@xterm/addon-fit'),
    ])
    for (const name of props.names) {
      const host = root.value?.querySelector<HTMLElement>(`[data-terminal="${name}"]`)
      if (!host) continue
      const terminal = new Terminal({ ...look, ...options() })
      const addon = new FitAddon()
      terminal.loadAddon(addon)
      terminal.open(host)
      terminal.textarea?.setAttribute('aria-label', label(name))
      if (mirror) {
        if (terminal.textarea) terminal.textarea.readOnly = true
      } else {
        terminal.onData((data) => connection.send({ type: 'input', terminal: name, data }))
        terminal.onResize((size) => sendSize(name, size))
      }
      screens.set(name, { terminal, addon, host })
    }
    fit(screens)
    for (const output of early.splice(0)) show(...output)
    if (root.value) resizer?.observe(root.value)
  })
  watch(
    () => connection.state.link,
    (link) => {
      // A new session begins with another size than ours.
      if (link === 'ready' && !mirror) for (const [name, { terminal }] of screens) sendSize(name, terminal)
    },
  )
  onBeforeUnmount(() => {
    forget()
    resizer?.disconnect()
    for (const { terminal } of screens.values()) terminal.dispose()
  })
  return screens
}

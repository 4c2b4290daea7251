// The terminal UI, alive: takes the keyboard, draws on the alternate screen, and
// gives both back whatever happens.
//
// Ink draws; the keyboard is read here as bytes, since bytes are what a shell in
// the terminal pane must get: Ctrl-C, arrows and Esc go to it, not to us.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { execaSync } from 'execa'
import { render } from 'ink'
import type { Player } from '../player/player.ts'
import { App, type Size } from './app.tsx'
import { readKeys, switchKey } from './keys.ts'
import { Model } from './model.ts'

/** Runs until the learner leaves. */
export async function runUi(player: Player, step: string | undefined): Promise<void> {
  const { stdin, stdout } = process
  const size = (): Size => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 })
  let scheduled = false
  let editing = false
  const left = Promise.withResolvers<void>()
  const model = new Model({
    player,
    ...(step === undefined ? {} : { step }),
    onChange: () => draw(),
    onQuit: () => left.resolve(),
    edit: (name, text) => edit(name, text),
  })
  const element = (): React.JSX.Element => <App model={model} size={size()} />
  const ink = render(element(), {
    exitOnCtrlC: false,
    patchConsole: false,
    alternateScreen: true,
    // play.ts has asked the terminal; Ink would ask the environment, and draw nothing where CI is set.
    interactive: true,
    incrementalRendering: true,
  })

  /** At most thirty times a second: a program that prints much must not keep us from reading keys. */
  function draw(): void {
    if (scheduled || editing) return
    scheduled = true
    setTimeout(() => {
      scheduled = false
      if (!editing) ink.rerender(element())
    }, 33)
  }

  async function edit(name: string, text: string): Promise<string | undefined> {
    const directory = await mkdtemp(join(tmpdir(), 'learn-containers-'))
    const path = join(directory, basename(name))
    try {
      await writeFile(path, text)
      editing = true
      stdin.setRawMode(false)
      // The editor takes over the alternate screen, and we draw on it again afterwards.
      const editor = process.env.VISUAL || process.env.EDITOR || 'vi'
      // By a shell, since EDITOR may hold arguments: "code --wait".
      execaSync('sh', ['-c', `${editor} "$1"`, 'sh', path], { stdio: 'inherit', reject: false })
      const edited = await readFile(path, 'utf8')
      return edited === text ? undefined : edited
    } finally {
      stdin.setRawMode(true)
      editing = false
      stdout.write('\x1b[?1049h\x1b[2J\x1b[H')
      ink.clear()
      draw()
      await rm(directory, { recursive: true, force: true })
    }
  }

  const onKeys = (data: Buffer): void => {
    const text = data.toString()
    if (model.focus === 'lesson') for (const key of readKeys(text)) model.key(key)
    else if (text === switchKey) {
      model.focus = 'lesson'
      draw()
    } else player.write(model.tab, text)
  }
  const onSignal = (): void => left.resolve()
  const forget = player.on((event) => (event.type === 'output' ? draw() : model.onEvent(event)))
  stdin.setRawMode(true)
  stdin.on('data', onKeys)
  stdin.on('end', onSignal)
  stdout.on('resize', draw)
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.on(signal, onSignal)
  try {
    await left.promise
  } finally {
    forget()
    stdin.off('data', onKeys)
    stdin.setRawMode(false)
    stdin.pause()
    stdout.off('resize', draw)
    ink.unmount()
    await ink.waitUntilExit()
  }
}

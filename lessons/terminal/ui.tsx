// The terminal UI, alive: takes the keyboard, draws on the alternate screen, and
// gives both back whatever happens.
//
// Ink draws; the keyboard is read here as bytes, since bytes are what a shell in
// the terminal pane must get: Ctrl-C, arrows and Esc go to it, not to us.
//
// Next: lessons/terminal/model.ts
import { StringDecoder } from 'node:string_decoder'
import { render } from 'ink'
import type { Entry } from '../format/glossary.ts'
import type { Language } from '../language/language.ts'
import { terminalWords } from '../language/terminal.ts'
import type { Player } from '../player/player.ts'
import { App } from './app.tsx'
import { editText } from './editor.ts'
import { forProgram, readKeys, switchKey } from './keys.ts'
import type { Size } from './layout.ts'
import { Model } from './model.ts'
import { clickerKeys } from './present/presenting.ts'

export interface UiOptions {
  language: Language
  entries: readonly Entry[]
  step?: string
  /** Ids of steps that were done on an earlier visit. */
  before: readonly string[]
  /** Before an audience. */
  present: boolean
}

/** Runs until the learner leaves. */
export async function runUi(player: Player, options: UiOptions): Promise<void> {
  const { stdin, stdout } = process
  const size = (): Size => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 })
  const left = Promise.withResolvers<void>()
  const model = new Model({
    ...options,
    player,
    size: size(),
    onChange: () => draw(),
    onQuit: () => left.resolve(),
    edit: (name, text) => edit(name, text),
  })
  const ink = render(<App model={model} />, {
    exitOnCtrlC: false,
    patchConsole: false,
    alternateScreen: true,
    // play.ts has asked the terminal; Ink would ask the environment, and draw nothing where CI is set.
    interactive: true,
    incrementalRendering: true,
  })

  let timer: NodeJS.Timeout | undefined
  let editing = false
  /** At most thirty times a second: a program that prints much must not keep us from reading keys. */
  function draw(): void {
    if (timer || editing) return
    timer = setTimeout(() => {
      timer = undefined
      if (!editing) ink.rerender(<App model={model} />)
    }, 33)
  }

  function toShell(data: string): void {
    const screen = player.terminal(model.tab)?.screen
    player.write(model.tab, screen ? forProgram(data, screen.modes) : data)
  }

  const decoder = new StringDecoder('utf8')
  const onKeys = (data: Buffer): void => {
    // The switch may stand between other keys, when somebody types fast or pastes.
    for (const part of decoder.write(data).split(/(\x14)/)) {
      if (part === '') continue
      if (part === switchKey) {
        model.focus = model.focus === 'lesson' ? 'terminal' : 'lesson'
        model.notice = ''
      } else if (model.focus === 'lesson') for (const key of readKeys(part)) model.key(key)
      else
        for (const piece of model.presenting ? part.split(clickerKeys) : [part]) {
          if (model.presenting && clickerKeys.test(piece)) for (const key of readKeys(piece)) model.key(key)
          else if (piece !== '') toShell(piece)
        }
    }
    draw()
  }

  function takeKeyboard(): void {
    stdin.setRawMode(true)
    stdin.on('data', onKeys)
    stdin.resume()
  }
  function giveKeyboard(): void {
    stdin.off('data', onKeys)
    stdin.pause()
    // The terminal may be gone already.
    if (!stdin.destroyed) stdin.setRawMode(false)
  }

  /** An editor takes over the screen and the keyboard, and gives them back. */
  async function edit(name: string, text: string): Promise<string | undefined> {
    editing = true
    giveKeyboard()
    stdout.write('\x1b[?25h')
    try {
      return await editText(name, text, terminalWords[options.language])
    } finally {
      takeKeyboard()
      editing = false
      stdout.write('\x1b[?1049h\x1b[?25l\x1b[2J\x1b[H')
      ink.clear()
      model.resize(size())
    }
  }

  const leave = (): void => left.resolve()
  const resize = (): void => model.resize(size())
  const forget = player.on((event) => {
    // The emulator reads in its own time. Drawn before it has, the last words of a program would stay unseen.
    if (event.type === 'output') player.terminal(event.terminal)?.screen.write('', draw)
    else model.onEvent(event)
  })
  // What programs ask their terminal (where is the cursor? who are you?), its emulator answers.
  const answers = player.lesson.sandbox.terminals.map((name) =>
    player.terminal(name)?.screen.onData((data) => player.write(name, data)),
  )
  const signals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const
  // A timer runs on the screen.
  const clock = options.present ? setInterval(draw, 1000) : undefined
  takeKeyboard()
  stdin.on('end', leave)
  stdin.on('error', leave)
  stdout.on('resize', resize)
  for (const signal of signals) process.on(signal, leave)
  // Ink unmounts when drawing throws; nobody would be left to press q.
  void ink.waitUntilExit().then(leave, left.reject)
  try {
    await left.promise
  } finally {
    clearTimeout(timer)
    clearInterval(clock)
    editing = true
    forget()
    for (const answer of answers) answer?.dispose()
    giveKeyboard()
    stdin.off('end', leave)
    stdout.off('resize', resize)
    ink.unmount()
    for (const signal of signals) process.off(signal, leave)
  }
}

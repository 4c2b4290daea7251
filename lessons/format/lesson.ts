// What a lesson is, once its Markdown was read: the one type that the site, the
// terminal and the test suite share.
//
// A lesson is a list of steps, a step is a list of blocks, in reading order.
// Prose stays Markdown; each reader renders it in its own way. Everything here
// is plain data: it survives JSON, so that the browser gets the same value.
//
// Next: lessons/format/parser.ts

import type { Language } from '../language/language.ts'

export interface Lesson {
  /** Of its words: English where nobody translated them. */
  language: Language
  slug: string
  title: string
  summary: string
  /** Directory of the module: `namespaces`. */
  module: string
  minutes: number
  /** Slugs of lessons to take first. */
  after: string[]
  sandbox: { root: boolean; terminals: string[] }
  /** Engine files that the lesson reads from, relative to the project. */
  sources: string[]
  /** Blocks between the front matter and the first step. */
  intro: Block[]
  steps: Step[]
  /** Blocks after the last step. */
  outro: Block[]
  /** Path of lesson.md, relative to the project, for error messages. */
  path: string
}

export interface Step {
  /** Stable: deep links, progress and translations refer to it. */
  id: string
  title: string
  blocks: Block[]
}

/** `id` is unique in the lesson and stable while the step's blocks keep their order: `enter/run-2`. */
interface Identified {
  id: string
  /** Line in lesson.md, from 1. */
  line: number
}

export type Block =
  | ProseBlock
  | RunBlock
  | CheckBlock
  | PredictBlock
  | HintBlock
  | SolutionBlock
  | ExerciseBlock
  | SourceBlock
  | WatchBlock
  | NoteBlock

interface ProseBlock extends Identified {
  type: 'prose'
  markdown: string
}

/** Typed into a terminal as the learner would type it. */
export interface RunBlock extends Identified {
  type: 'run'
  command: string
  terminal: string
  /** Starts something that stays (a shell, top): done when it waits for input. */
  interactive: boolean
  /** Do not wait for its end. */
  background: boolean
  /** Must match the output (a regular expression's source). */
  expect?: string
  /** Exit status it must end with; anything goes when left out. */
  status?: number
  /** Seconds. */
  timeout: number
}

/** A shell script run out of band; exit status 0 passes, `lab fail "…"` says what was found instead. */
interface CheckBlock extends Identified {
  type: 'check'
  title: string
  script: string
}

export interface PredictBlock extends Identified {
  type: 'predict'
  question: string
  options: { text: string; correct: boolean }[]
  /** Markdown shown after the answer. */
  explanation: string
}

interface HintBlock extends Identified {
  type: 'hint'
  markdown: string
}

/** What the test suite types where the learner must invent. */
interface SolutionBlock extends Identified {
  type: 'solution'
  markdown: string
  runs: RunBlock[]
}

/** A file of the sandbox that the learner edits. */
export interface ExerciseBlock extends Identified {
  type: 'exercise'
  title: string
  /** Absolute path in the sandbox. */
  file: string
  language: string
  /** What the file holds before the learner begins: files/<name> beside the lesson. */
  starter: string
  /** What the test suite writes in the learner's place: files/<name>.solution. */
  solution: string
  markdown: string
}

/** A region of an engine file, read from the file itself when the lesson is parsed. */
export interface SourceBlock extends Identified {
  type: 'source'
  file: string
  region: string
  code: string
  /** First and last line of the region in the file, from 1. */
  from: number
  to: number
  /** Markdown between the fences. */
  markdown: string
}

export type WatchView = 'namespaces' | 'processes' | 'cgroup' | 'layers' | 'network'

/** A live picture. Arguments are shell words, expanded in the sandbox: `pid=$(lab shell-pid inside)`. */
export interface WatchBlock extends Identified {
  type: 'watch'
  view: WatchView
  args: Record<string, string>
  markdown: string
}

/** What the instructor says, and the learner does not see. */
interface NoteBlock extends Identified {
  type: 'note'
  markdown: string
}

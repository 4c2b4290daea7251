// What the player and the machine behind it say to a learner, on the site and in
// the terminal alike: how a command ended, why something cannot be done.
//
// The words of each lesson are its own, in lesson.md and lesson.zh.md.
import type { Language } from './language.ts'

const en = {
  run: {
    noShell: (terminal: string) => `the terminal ${terminal} has no shell at the moment`,
    busy: (terminal: string, command: string) =>
      `the terminal ${terminal} is busy with \`${command || 'a command'}\`: end it first (Ctrl-C)`,
    gone: 'the sandbox went away while this ran',
    noEnd: (seconds: number) => `no end within ${seconds} s`,
    status: (found: number, wanted: number) => `it ended with status ${found}, not ${wanted}`,
    output: (pattern: string, said: string) =>
      `the output should match /${pattern}/, and was: ${said || 'nothing'}`,
  },
  check: {
    status: (status: number | undefined) => `the check ended with status ${status}`,
  },
  noBlock: (id: string) => `the lesson has no such block: ${id}`,
  noExercise: (id: string) => `the lesson has no exercise ${id}`,
  noLesson: (slug: string) => `there is no lesson ${slug}`,
  /** A lesson that goes through by itself: what was done, and the sum. */
  runAll: {
    run: (command: string) => `run    ${command}`,
    answer: (question: string) => `answer ${question}`,
    write: (file: string) => `write  ${file}`,
    check: (title: string) => `check  ${title}`,
    seconds: (seconds: string) => ` (${seconds} s)`,
    sum: (slug: string, passed: number, failed: number) => `${slug}: ${passed} passed, ${failed} failed`,
  },
}

export type LessonWords = typeof en

const zh: LessonWords = {
  run: {
    noShell: (terminal) => `终端 ${terminal} 里现在没有 shell`,
    busy: (terminal, command) =>
      `终端 ${terminal} 正忙着执行 \`${command || '一条命令'}\`：先结束它（Ctrl-C）`,
    gone: '命令还在执行，沙箱却断开了',
    noEnd: (seconds) => `${seconds} 秒内没有结束`,
    status: (found, wanted) => `退出状态是 ${found}，应该是 ${wanted}`,
    output: (pattern, said) => `输出应当匹配 /${pattern}/，实际是：${said || '（没有输出）'}`,
  },
  check: {
    status: (status) => `检查以状态 ${status} 结束`,
  },
  noBlock: (id) => `课程里没有这一块：${id}`,
  noExercise: (id) => `课程里没有练习 ${id}`,
  noLesson: (slug) => `没有 ${slug} 这一课`,
  runAll: {
    run: (command) => `执行 ${command}`,
    answer: (question) => `回答 ${question}`,
    write: (file) => `写入 ${file}`,
    check: (title) => `检查 ${title}`,
    seconds: (seconds) => `（${seconds} 秒）`,
    sum: (slug, passed, failed) => `${slug}：${passed} 项通过，${failed} 项失败`,
  },
}

export const lessonWords: Readonly<Record<Language, LessonWords>> = { en, zh }

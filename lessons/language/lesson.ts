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
  /** The sandbox's own words when a reset must wait, which name who uses it. */
  busy: (message: string) => message,
  /** What the sandbox does while the learner waits; see sandboxTask(). */
  tasks: [] as readonly (readonly [pattern: RegExp, words: string])[],
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
  busy: (message) => `还有别的程序在用这台虚拟机（${message}）`,
  tasks: [
    [/^starting the sandbox$/, '正在启动沙箱'],
    [/^starting the VM, (.*)$/, '正在启动虚拟机（$1）'],
    [/^starting the VM$/, '正在启动虚拟机'],
    [/^waiting for process (\d+), .*$/, '正在等待进程 $1：它在做同样的事'],
    [/^reading package lists$/, '正在读取软件包列表'],
    [/^downloading (\d+) packages .*$/, '正在下载 $1 个软件包及其依赖'],
    [/^unpacking the base system$/, '正在解开基本系统'],
    [/^installing the base system$/, '正在安装基本系统'],
    [/^installing kernel and tools$/, '正在安装内核和工具'],
    [/^cleaning$/, '正在清理'],
    [/^packing$/, '正在打包'],
  ],
}

export const lessonWords: Readonly<Record<Language, LessonWords>> = { en, zh }

/** What the sandbox says that it does, in the learner's language where we know the words. */
export function sandboxTask(task: string, language: Language): string {
  const found = lessonWords[language].tasks.find(([pattern]) => pattern.test(task))
  return found ? task.replace(found[0], found[1]) : task
}

// The words of the command `learn-containers`: its help, and what it says besides
// the lessons.
import type { Language } from './language.ts'

const en = {
  description:
    'Find out what a container is, on a real kernel: in lessons whose commands run in a small Linux VM that you may break.\nWithout a lesson: what there is to learn, and how far you are.',
  titles: { Usage: 'Usage:', Arguments: 'Arguments:', Options: 'Options:', Commands: 'Commands:' },
  lesson: 'name of a lesson, such as unshare-pid',
  all: 'all when left out',
  options: {
    help: 'display help',
    version: 'output the version number',
    runAll: 'go through the lesson unattended: a line per step and check',
    sandbox: 'qemu (our VM), ssh://user@host, or local (this machine, as root)',
    sandboxAbove: 'as above',
    keep: 'leave the VM running afterwards',
    step: 'begin at this step',
    lang: 'zh or en; by default what LC_ALL, LC_MESSAGES or LANG say',
    port: 'port on 127.0.0.1 (the next free one when it is taken)',
    open: 'open the browser',
    terminal: 'in this terminal, and not in the browser',
    class: 'let a class look on from the network: read-only, by a code',
    host: 'address for the class, once or more (the first IPv4 address of this machine)',
    dev: 'for authors: load a page again when its lesson is saved',
    zh: 'begin its Chinese translation: lesson.zh.md',
  },
  commands: {
    help: 'display help for command',
    site: 'take the lessons in the browser',
    present: 'present a lesson: one step at a time, large, by a clicker’s keys',
    serve: 'serve the site, with --class for an audience on the network',
    glossary: 'the words of this field, one or all',
    lint: 'check lessons',
    new: 'begin a new lesson',
    forget: 'forget your progress',
    vm: 'the virtual machine behind the lessons: build, start, stop, status, ssh, reset, clean',
  },
  after: `
Examples:
  learn-containers                        modules, lessons, your progress
  learn-containers unshare-pid            take a lesson here
  learn-containers unshare-pid --run-all  see it done, unattended
  learn-containers --lang zh unshare-pid  用中文上课
  learn-containers glossary pivot_root    what a word means
  learn-containers site                   take it in the browser
  learn-containers present unshare-pid --open
                                          present it to a class
  learn-containers vm status              look at the machine behind it

In a lesson: Enter goes on, ? shows all keys, Ctrl-T goes into the terminal and back, q leaves.
Without a terminal (in a pipe, or TERM=dumb) a lesson is plain lines, and Enter goes through it.

Exit status: 0 done, 1 something failed, 2 a name or an option that does not exist.
Environment: EDITOR for exercises, NO_COLOR, LEARN_CONTAINERS_STATE and LEARN_CONTAINERS_CACHE
  (directories), LEARN_CONTAINERS_CONTENT (lessons of your own).`,
  noLesson: (slug: string, near: string | undefined) =>
    `there is no lesson ${slug}${near ? `. Did you mean ${near}?` : ''} (learn-containers lists them all)`,
  noStep: (slug: string, step: string, steps: readonly string[]) =>
    `${slug} has no step ${step}: it has ${steps.join(', ')}`,
  forgot: (slug: string | undefined) =>
    slug === undefined ? 'forgot all progress' : `forgot your progress in ${slug}`,
}

export type CommandWords = typeof en

const zh: CommandWords = {
  description:
    '在真正的内核上弄明白容器是什么：课程里的命令都在一台小 Linux 虚拟机里执行，弄坏了也没关系。\n不给课程名：列出有哪些课，学到了哪里。',
  titles: { Usage: '用法：', Arguments: '参数：', Options: '选项：', Commands: '命令：' },
  lesson: '课程名，例如 unshare-pid',
  all: '省略就是全部',
  options: {
    help: '显示帮助',
    version: '显示版本号',
    runAll: '无人值守地跑完这一课：每一步、每项检查一行',
    sandbox: 'qemu（自带的虚拟机）、ssh://user@host，或 local（本机，需要 root）',
    sandboxAbove: '同上',
    keep: '结束后让虚拟机继续运行',
    step: '从这一步开始',
    lang: 'zh 或 en；默认看 LC_ALL、LC_MESSAGES、LANG',
    port: '127.0.0.1 上的端口（被占用就用下一个空闲的）',
    open: '打开浏览器',
    terminal: '在这个终端里，而不是浏览器里',
    class: '让课堂里的人凭代码通过网络观看，只读',
    host: '给课堂用的地址，可以多次指定（默认是本机的第一个 IPv4 地址）',
    dev: '给作者用：课程一保存，页面就重新加载',
    zh: '开始它的中文翻译：lesson.zh.md',
  },
  commands: {
    help: '显示某个命令的帮助',
    site: '在浏览器里学',
    present: '演示一课：一次一步，大字，用翻页笔控制',
    serve: '提供网站服务；加 --class 可让课堂里的人通过网络观看',
    glossary: '术语的意思，一个或全部',
    lint: '检查课程',
    new: '开始写新的一课',
    forget: '清除学习进度',
    vm: '课程背后的虚拟机：build、start、stop、status、ssh、reset、clean',
  },
  after: `
例如：
  learn-containers                        单元、课程、你的进度
  learn-containers unshare-pid            在这里学一课
  learn-containers unshare-pid --run-all  看它自己跑一遍
  learn-containers --lang en unshare-pid  take it in English
  learn-containers glossary pivot_root    一个术语的意思
  learn-containers site                   在浏览器里学
  learn-containers present unshare-pid --open
                                          给课堂演示
  learn-containers vm status              看看背后的虚拟机

在课程里：Enter 往前走，? 显示全部按键，Ctrl-T 进出终端，q 离开。
输出不是终端时（管道，或 TERM=dumb），课程是一行行文字，按 Enter 往前走。

退出状态：0 完成，1 有失败，2 没有这个名字或选项。
环境变量：EDITOR（练习用的编辑器）、NO_COLOR、LEARN_CONTAINERS_STATE 和 LEARN_CONTAINERS_CACHE
  （目录）、LEARN_CONTAINERS_CONTENT（你自己的课程）。`,
  noLesson: (slug, near) =>
    `没有 ${slug} 这一课${near ? `。是不是 ${near}？` : ''}（learn-containers 列出全部课程）`,
  noStep: (slug, step, steps) => `${slug} 没有 ${step} 这一步：它有 ${steps.join('、')}`,
  forgot: (slug) => (slug === undefined ? '已清除全部进度' : `已清除 ${slug} 的进度`),
}

export const commandWords: Readonly<Record<Language, CommandWords>> = { en, zh }

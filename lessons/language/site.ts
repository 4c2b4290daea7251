// The words of the site: navigation, pages; those of a lesson's page come from beside.
//
// Read by site/components/language.ts, which knows the language of the page.
import type { Language } from './language.ts'
import { type LessonPageWords, lessonPageWords } from './lesson-page.ts'

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

const en = {
  /** BCP 47, for `lang`. */
  tag: 'en',
  description: 'Find out what a container is, by building one on a real Linux kernel.',
  nav: {
    lessons: 'Lessons',
    glossary: 'Glossary',
    teaching: 'Teaching',
    engine: 'How tocker works',
    footer: 'Apache-2.0. Everything here runs on your own machine.',
    menu: 'Menu',
    appearance: 'Appearance',
    light: 'Switch to light theme',
    dark: 'Switch to dark theme',
    top: 'Return to top',
    skip: 'Skip to content',
    onThisPage: 'On this page',
    notFound: {
      title: 'There is no such page',
      quote: 'Perhaps a lesson was renamed. The search at the top finds it by its words.',
      home: 'To the first page',
    },
  },
  landing: {
    title: ['Find out what a container ', 'is', '.'],
    words:
      'Not by a diagram. By building one, step by step, with real commands on a real Linux kernel that runs beside this page and that you may break.',
    start: 'Start the first lesson',
    resume: 'Go on where you left off',
    engine: 'Read the engine',
    figure: 'A container, drawn: a process of the host, inside a box of namespaces with a cgroup around it',
    machine: 'your machine · one kernel',
    cgroup: 'cgroup · how much it gets',
    namespaces: 'namespaces · what it sees',
    outside: 'outside: 227 and 228',
    facts: [
      ['Nothing is faked.', 'Every command is typed into a real shell. Every check asks the kernel.'],
      [
        'The engine is the textbook.',
        'Each lesson ends in the source of tocker, a small engine that does the same.',
      ],
      ['Break it.', 'The machine is yours, and back to its first state in about a second.'],
    ],
  },
  list: {
    facts: (minutes: number, steps: number) =>
      `${plural(minutes, 'minute', 'minutes')} · ${plural(steps, 'step', 'steps')}`,
    map: 'Map',
    done: 'done',
    begun: (done: number, steps: number) => `${done} of ${steps} steps done`,
    count: (done: number, all: number) => `${done} of ${plural(all, 'lesson', 'lessons')} done`,
    empty: 'Its lessons are being written.',
  },
  module: {
    modules: 'Modules',
    map: 'The way through this module',
    hint: 'Each line leads from a lesson to one that builds on it.',
    buildsOn: 'builds on',
    nothing: 'needs no other lesson',
    next: 'next',
    open: 'not begun',
  },
  next: {
    title: 'What next',
    next: 'Next lesson',
    previous: 'Before this',
    leads: 'Builds on this lesson',
    after: 'This lesson builds on',
    all: 'All lessons',
    last: 'This was the last lesson. There is nothing after it but the engine’s source.',
  },
  search: {
    open: 'Search',
    label: 'Search lessons and glossary',
    placeholder: 'A word, a command, a file: pivot_root',
    loading: 'Loading the words of the lessons…',
    none: (query: string) => `Nothing says “${query}”.`,
    found: (count: number) => plural(count, 'place', 'places'),
    keys: '↑ ↓ choose · Enter opens · Esc closes',
    close: 'Close',
  },
  glossary: {
    title: 'Glossary',
    words: 'The words of this field, each in a sentence or two. In the lessons they have a dotted line.',
    filter: 'Find a word',
    none: 'No such word here.',
    source: 'More',
    entry: 'In the glossary',
    about: (term: string) => `What ${term} means`,
  },
  oldAddress: 'This address is from an earlier start. Open the one that the terminal shows now.',
}

type PageWords = typeof en
export type SiteWords = PageWords & LessonPageWords

const zh: PageWords = {
  tag: 'zh-CN',
  description: '在真正的 Linux 内核上亲手造一个容器，弄明白容器到底是什么。',
  nav: {
    lessons: '课程',
    glossary: '术语表',
    teaching: '教学',
    engine: 'tocker 的原理（英文）',
    footer: 'Apache-2.0。这里的一切都运行在你自己的机器上。',
    menu: '菜单',
    appearance: '外观',
    light: '切换到浅色主题',
    dark: '切换到深色主题',
    top: '回到顶部',
    skip: '跳到正文',
    onThisPage: '本页内容',
    notFound: {
      title: '没有这个页面',
      quote: '也许是某一课改了名字。用页面上方的搜索，按内容就能找到它。',
      home: '回到首页',
    },
  },
  landing: {
    title: ['弄明白容器', '到底', '是什么。'],
    words:
      '不靠示意图，而是亲手造一个：一步一步来，敲真正的命令，用真正的 Linux 内核。内核就跑在这个页面旁边，弄坏了也没关系。',
    start: '从第一课开始',
    resume: '接着上次继续',
    engine: '阅读引擎源码',
    figure: '容器示意图：宿主机上的进程，被一组命名空间包着，外面还有一层 cgroup',
    machine: '你的机器 · 一个内核',
    cgroup: 'cgroup · 能用多少',
    namespaces: '命名空间 · 能看见什么',
    outside: '在外面看：227 和 228',
    facts: [
      ['没有一处是演的。', '每条命令都敲进真正的 shell，每次检查都去问内核。'],
      ['引擎就是课本。', '每一课都以 tocker 的源码收尾：一个做同样事情的小引擎。'],
      ['放心弄坏它。', '这台机器是你的，大约一秒就能恢复原样。'],
    ],
  },
  list: {
    facts: (minutes, steps) => `${minutes} 分钟 · ${steps} 步`,
    map: '路线图',
    done: '已完成',
    begun: (done, steps) => `已完成 ${done} / ${steps} 步`,
    count: (done, all) => `已完成 ${done} / ${all} 课`,
    empty: '这一单元的课程还在编写。',
  },
  module: {
    modules: '单元',
    map: '这一单元的路线',
    hint: '每条线都从一课通向以它为基础的另一课。',
    buildsOn: '先修：',
    nothing: '不需要先修',
    next: '下一课',
    open: '还没开始',
  },
  next: {
    title: '接下来',
    next: '下一课',
    previous: '上一课',
    leads: '以这一课为基础的课程',
    after: '这一课的基础',
    all: '全部课程',
    last: '这是最后一课了。再往后，就只有引擎的源码。',
  },
  search: {
    open: '搜索',
    label: '搜索课程和术语表',
    placeholder: '词语、命令或文件，例如 pivot_root',
    loading: '正在加载课程内容…',
    none: (query) => `没有找到“${query}”。`,
    found: (count) => `${count} 处`,
    keys: '↑ ↓ 选择 · Enter 打开 · Esc 关闭',
    close: '关闭',
  },
  glossary: {
    title: '术语表',
    words: '这个领域的用词，每个用一两句话说清。课文里带虚线的词都在这里。',
    filter: '查找术语',
    none: '这里没有这个词。',
    source: '详情',
    entry: '在术语表中查看',
    about: (term) => `${term} 是什么意思`,
  },
  oldAddress: '这个地址属于上一次启动。请打开终端里现在显示的地址。',
}

export const siteWords: Readonly<Record<Language, SiteWords>> = {
  en: { ...en, ...lessonPageWords.en },
  zh: { ...zh, ...lessonPageWords.zh },
}

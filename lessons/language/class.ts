// The words of a class that looks on: how it joins, what it sees, and what the
// command prints when it opens the class' door.
//
// Part of present.ts, which the site and the commands read.
import type { Language } from './language.ts'

const en = {
  viewers: (viewers: number, following: number) =>
    viewers === following ? `${viewers} looking on` : `${viewers} looking on, ${following} following`,
  joinAt: 'Open this address',
  joinCode: 'and type this code',
  noClass: 'There is no class: start with learn-containers present <lesson> --class.',
  unencrypted: 'What the class sees travels unencrypted on this network.',
  join: {
    title: 'Join the class',
    words: 'The code is on the screen in front of you.',
    code: 'Code of six characters',
    go: 'Join',
    wrong: 'That is not the code. It has six letters and digits.',
    wait: 'Too many wrong codes came from here. Wait a minute.',
    failed: 'No class here. This page works at the address that the instructor shows.',
    waiting: 'You are in. Waiting for the instructor to begin …',
    read: 'Meanwhile, read the lessons',
  },
  mirror: {
    follow: 'Follow',
    following: 'Following',
    behind: (at: number) => `Back to step ${at}`,
    previous: 'Step before',
    next: 'Next step',
    waiting: 'The instructor is not presenting at the moment.',
    blank: 'Look up: the instructor has blanked the screen.',
    refused: 'You are not in the class, or it is over.',
    join: 'Join',
    terminal: (name: string) => `Terminal ${name}, as the instructor sees it`,
    full: 'The class is full.',
  },
  readingAlong:
    'reading only: there is no sandbox at this address. In class, follow it at /join; at home, run npm start',
  console: {
    present: 'Present',
    open: 'Open',
    class: 'Class',
    code: 'Code',
    stop: 'Ctrl-C stops the site and the VM.',
    unencrypted:
      'Not encrypted: whoever listens on this network sees what the class sees, the code too. They cannot reach the sandbox.',
    otherAddresses: (addresses: string) => `This machine has other addresses too: ${addresses} (--host)`,
    noAddress: 'this machine has no address on a network: name one with --host',
    notBuilt: "the site is not built yet: run 'npm run site:build'",
    notPort: (port: string) => `not a port: ${port}`,
    loopback: (host: string) =>
      `${host} is this machine alone: name an address that others reach with --host`,
  },
}

export type ClassWords = typeof en

const zh: ClassWords = {
  viewers: (viewers, following) =>
    viewers === following ? `${viewers} 人在看` : `${viewers} 人在看，其中 ${following} 人跟随`,
  joinAt: '打开这个地址',
  joinCode: '输入这个代码',
  noClass: '现在没有课堂：请用 learn-containers present <课程> --class 启动。',
  unencrypted: '课堂内容在这个网络上传输时没有加密。',
  join: {
    title: '加入课堂',
    words: '代码就在前面的屏幕上。',
    code: '六位代码',
    go: '加入',
    wrong: '代码不对。它由六个字母和数字组成。',
    wait: '从这里输错的次数太多，请等一分钟。',
    failed: '这里没有课堂。请打开讲师给出的地址。',
    waiting: '已经加入，等待讲师开始……',
    read: '先看看课文',
  },
  mirror: {
    follow: '跟随',
    following: '正在跟随',
    behind: (at) => `回到第 ${at} 步`,
    previous: '上一步',
    next: '下一步',
    waiting: '讲师现在没有在演示。',
    blank: '请看前方：讲师让屏幕暂时变黑了。',
    refused: '你还没有加入课堂，或者课堂已经结束。',
    join: '加入',
    terminal: (name) => `终端 ${name}，与讲师看到的一样`,
    full: '课堂已满。',
  },
  readingAlong: '只能阅读：这个地址没有沙箱。上课时请在 /join 跟随；在家请运行 npm start',
  console: {
    present: '演示',
    open: '打开',
    class: '课堂',
    code: '代码',
    stop: '按 Ctrl-C 停止网站和虚拟机。',
    unencrypted: '没有加密：监听这个网络的人能看到课堂看到的一切，包括代码。他们碰不到沙箱。',
    otherAddresses: (addresses) => `这台机器还有其他地址：${addresses}（--host）`,
    noAddress: '这台机器没有网络地址：请用 --host 指定一个',
    notBuilt: '网站还没有构建：请运行 npm run site:build',
    notPort: (port) => `不是端口：${port}`,
    loopback: (host) => `${host} 只通向这台机器自己：请用 --host 指定别人能访问的地址`,
  },
}

export const classWords: Readonly<Record<Language, ClassWords>> = { en, zh }

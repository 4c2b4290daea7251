// The words of `learn-containers vm`.
import type { VmWords } from '../../sandbox-vm/vm-command.ts'
import type { Language } from './language.ts'
import { sandboxWords } from './sandbox.ts'

const en: VmWords = {
  commands: {
    vm: 'the virtual machine behind the lessons',
    build: 'build the image, unless it is in the cache',
    start: 'start the VM, and keep it running',
    stop: 'stop the VM',
    status: 'what runs, how fast, for whom',
    ssh: 'a shell in the VM',
    reset: 'put the first state back',
    clean: 'remove images and machines; the next start builds again',
  },
  force: 'also when another program uses it',
  inside: 'run this instead of a shell',
  task: (task) => task,
  image: (key, directory) => `image ${key}: ${directory}`,
  running: (what) => `running: ${what}`,
  stopped: 'stopped',
  notRunning: 'the VM is not running',
  notBuilt: 'not built yet',
  freshAnyway: 'the VM is not running: its next start is in the first state anyway',
  reset: (seconds) => `first state again, after ${seconds} s`,
  removed: (size) => `removed ${size} of images and packages, and the machine`,
  status: {
    image: 'image',
    cache: 'cache',
    state: 'state',
    vm: 'VM',
    since: 'since',
    ssh: 'ssh',
    users: 'users',
    notRunning: 'not running',
    states: {},
    machine: (state, qemu, acceleration, cpus, megabytes) =>
      `${state}, QEMU ${qemu}, ${acceleration}, ${cpus} CPUs, ${megabytes} MB`,
    kept: (since) => `${since}, kept until \`vm stop\``,
    leased: (since) => `${since}, stops with its last user`,
    processes: (port, keeper, qemu) => `127.0.0.1:${port} (keeper pid ${keeper}, QEMU pid ${qemu})`,
    nobody: 'nobody',
  },
}

const zh: VmWords = {
  commands: {
    vm: '课程背后的虚拟机',
    build: '制作映像，缓存里已有就不做',
    start: '启动虚拟机，并让它一直运行',
    stop: '停止虚拟机',
    status: '运行着什么、有多快、谁在用',
    ssh: '打开虚拟机里的 shell',
    reset: '恢复原样',
    clean: '删除映像和虚拟机；下次启动会重新制作',
  },
  force: '即使别的程序正在用它',
  inside: '不开 shell，改为执行这条命令',
  task: (task) => sandboxWords(task, 'zh'),
  image: (key, directory) => `映像 ${key}：${directory}`,
  running: (what) => `正在运行：${what}`,
  stopped: '已停止',
  notRunning: '虚拟机没有运行',
  notBuilt: '还没有制作',
  freshAnyway: '虚拟机没有运行：下次启动时本来就是原样',
  reset: (seconds) => `已恢复原样，用了 ${seconds} 秒`,
  removed: (size) => `已删除 ${size} 的映像和软件包，以及虚拟机`,
  status: {
    image: '映像',
    cache: '缓存',
    state: '状态目录',
    vm: '虚拟机',
    since: '启动于',
    ssh: 'ssh',
    users: '使用者',
    notRunning: '没有运行',
    states: {
      starting: '正在启动',
      ready: '就绪',
      resetting: '正在重置',
      lost: '已断开',
      failed: '失败',
      stopped: '已停止',
    },
    machine: (state, qemu, acceleration, cpus, megabytes) =>
      `${state}，QEMU ${qemu}，${acceleration.replace('emulated', '软件模拟').replace('hardware', '硬件虚拟化')}，${cpus} 个 CPU，${megabytes} MB`,
    kept: (since) => `${since}，一直运行到 vm stop`,
    leased: (since) => `${since}，最后一个使用者离开时停止`,
    processes: (port, keeper, qemu) => `127.0.0.1:${port}（keeper 进程 ${keeper}，QEMU 进程 ${qemu}）`,
    nobody: '没有人',
  },
}

export const vmWords: Readonly<Record<Language, VmWords>> = { en, zh }

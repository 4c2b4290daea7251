// What the sandbox says of itself, in the learner's language: what it does while
// somebody waits, and why it cannot.
//
// The machine speaks English only (sandbox-vm/ knows nothing of languages). Here its
// sentences are known by pattern; one that is not known stays as it is.
import type { Language } from './language.ts'

const chinese: readonly (readonly [pattern: RegExp, words: string])[] = [
  // What takes long.
  [/^starting the sandbox$/, '正在启动沙箱'],
  [/^starting the VM, emulated \(TCG\)$/, '正在启动虚拟机（软件模拟，TCG）'],
  [/^starting the VM, hardware \((.*)\)$/, '正在启动虚拟机（硬件虚拟化，$1）'],
  [/^starting the VM$/, '正在启动虚拟机'],
  [/^waiting for process (\d+), .*$/, '正在等待进程 $1：它在做同样的事'],
  [/^reading package lists$/, '正在读取软件包列表'],
  [/^downloading (\d+) packages .*$/, '正在下载 $1 个软件包及其依赖'],
  [/^unpacking the base system$/, '正在解开基本系统'],
  [/^installing the base system$/, '正在安装基本系统'],
  [/^installing kernel and tools$/, '正在安装内核和工具'],
  [/^installing guest files$/, '正在安装虚拟机里的文件'],
  [/^collecting drivers$/, '正在收集驱动'],
  [/^writing the disk$/, '正在写入磁盘映像'],
  [/^unpacking$/, '正在解包'],
  [/^cleaning$/, '正在清理'],
  [/^packing$/, '正在打包'],
  // Why something is not as it was.
  [/^the VM died: /, '虚拟机意外结束：'],
  [/^the VM was stopped$/, '虚拟机已停止'],
  [/^the VM is not running at the moment$/, '虚拟机此刻没有运行'],
  [/^the VM did not boot: /, '虚拟机没能启动：'],
  [/^the VM did not answer after its reset$/, '虚拟机重置之后没有回应'],
  [/^(.*) reset the VM$/, '$1 重置了虚拟机'],
  [/^the sandbox went away( while a command ran)?$/, '沙箱断开了'],
  // Why something cannot be.
  [/^another program uses this VM \((.*?)\)/, '还有一个程序在用这台虚拟机（$1）'],
  [/^(\d+) other programs use this VM \((.*?)\)/, '还有 $1 个程序在用这台虚拟机（$2）'],
  [/: --force does it all the same$/, '：加 --force 仍然执行'],
  [
    /^the VM is running: run 'learn-containers vm stop' first$/,
    '虚拟机正在运行：请先运行 learn-containers vm stop',
  ],
  [
    /^vm ssh needs a terminal: give a command instead \(vm ssh -- uname -a\)$/,
    'vm ssh 需要终端：也可以给一条命令（vm ssh -- uname -a）',
  ],
  [
    /^no sandbox called (.*): use qemu, local or ssh:\/\/user@host$/,
    '没有叫 $1 的沙箱：请用 qemu、local 或 ssh://user@host',
  ],
  [
    /^the sandbox `local` needs Linux: leave out --sandbox to use the VM$/,
    '沙箱 local 需要 Linux：去掉 --sandbox 就用虚拟机',
  ],
  [/^the sandbox `local` needs root: .*$/, '沙箱 local 需要 root：用 sudo 运行，或去掉 --sandbox 改用虚拟机'],
  [
    /^this machine cannot be put back to its first state: .*$/,
    '这台机器不能恢复原样，只有虚拟机可以（去掉 --sandbox）',
  ],
  [/^(\S+) is not ours to put back: .*$/, '$1 不归我们恢复：只有虚拟机可以重置（去掉 --sandbox）'],
  [/^lessons need root, and (\S+) is not: use (\S+)$/, '课程需要 root，而 $1 不是：请用 $2'],
  [/^building the sandbox image needs (.*): run '(.*)'$/, '制作沙箱映像需要 $1：请运行 $2'],
  [/^the image build was interrupted; run it again to go on$/, '映像制作被中断了；再运行一次就会继续'],
  [
    /^the sandbox takes (\S+ GB) of memory, and (\S+ GB) are free: close something$/,
    '沙箱需要 $1 内存，现在只有 $2 空闲：请关掉一些程序',
  ],
  [
    /^the sandbox image takes (\S+ GB) while it is built, and (\S+) has (\S+ GB) free: .*$/,
    '制作沙箱映像需要 $1 磁盘空间，而 $2 只剩 $3：请腾出空间，或设置 LEARN_CONTAINERS_CACHE',
  ],
  [/^the keeper of the VM did not come up; see (.*)$/, '管理虚拟机的进程没有起来；请看 $1'],
]

/** A sentence of the sandbox, in the learner's language where we know the words. */
export function sandboxWords(sentence: string, language: Language): string {
  if (language !== 'zh') return sentence
  return chinese.reduce((text, [pattern, words]) => text.replace(pattern, words), sentence)
}

// What a lesson needs in the sandbox: a directory of its own, with the `lab`
// command and a home directory whose shells mark their prompts.
//
// Two players may share a sandbox. Each has a session, and everything of it lies
// in /run/lab/<session>; nothing else in the sandbox is touched.
import { type Sandbox, SandboxError } from '../../sandbox-vm/sandbox.ts'

function sessionDirectory(session: string): string {
  return `/run/lab/${session}`
}

/** Environment of the session's shells, checks and samplers. */
export function sessionEnvironment(session: string): Record<string, string> {
  const directory = sessionDirectory(session)
  return {
    LAB_SESSION: session,
    LAB_DIR: directory,
    PATH: `${directory}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
  }
}

/** Environment of a terminal. The marks are exported too: a shell in a chroot reads no file of ours. */
export function shellEnvironment(session: string, terminal: string): Record<string, string> {
  return {
    ...sessionEnvironment(session),
    HOME: `${sessionDirectory(session)}/home`,
    LANG: 'C.UTF-8',
    LAB_TERMINAL: terminal,
    LAB_OUTER: '1',
    PS1: String.raw`\[\e]133;A\a\]\u@\h:\w\$ \[\e]133;B\a\]`,
    PS0: String.raw`\e]133;C\a`,
    // Where our files are, sh (dash) reads this one; it would print the PS1 above as it stands.
    ENV: `${sessionDirectory(session)}/home/.shrc`,
    PROMPT_COMMAND: String.raw`printf "\e]133;D;%s\a" $?`,
  }
}

const lab = `#!/bin/sh
# lab: what checks and lessons ask of the sandbox.
case "$1" in
  shell-pid)
    # The process that has the terminal now: the shell itself, or the shell started in it.
    outer=$(cat "$LAB_DIR/terminals/$2" 2>/dev/null) || { echo "lab: no terminal $2" >&2; exit 2; }
    stat=$(cat "/proc/$outer/stat" 2>/dev/null) || { echo "lab: the shell of $2 has ended" >&2; exit 2; }
    # Past the command's name, which may hold anything: state ppid pgrp session tty tpgid.
    set -- \${stat##*) }
    [ "$6" -gt 0 ] && echo "$6" || echo "$outer"
    ;;
  outside)
    # What the learner's own machine said of this one: kernel, process, kilobytes.
    sed -n "s/^$2=//p" "$LAB_DIR/outside"
    ;;
  waits)
    # \`shell\` when a shell waits for a command there, also one without our marks: it edits its line
    # (ICANON is off), or sleeps in a read of the terminal. \`raw\` when a program passes all keys on.
    outer=$(cat "$LAB_DIR/terminals/$2" 2>/dev/null) || exit 2
    tty=$(readlink "/proc/$outer/fd/0") && modes=$(stty -a -F "$tty" 2>/dev/null | tr '\\n' ' ') || exit 2
    stat=$(cat "/proc/$outer/stat")
    set -- \${stat##*) }
    edits=
    case " $modes " in *" -icanon "*)
      edits=1
      case " $modes " in *" -opost "*) echo raw; exit 0 ;; esac
    esac
    for pid in $(pgrep -g "$6"); do
      case $(cat "/proc/$pid/comm" 2>/dev/null) in sh | dash | ash | bash | busybox | zsh | ksh | fish) ;; *) continue ;; esac
      # The number of read(2), on amd64 and arm64; its first argument.
      if [ -z "$edits" ]; then
        read -r call descriptor rest 2>/dev/null < "/proc/$pid/syscall" || continue
        case $call in 0 | 63) ;; *) continue ;; esac
        [ "$(readlink "/proc/$pid/fd/$((descriptor))")" = "$tty" ] || continue
      fi
      echo shell
      exit 0
    done
    ;;
  fail)
    shift
    echo "lab-fail: $*" >&2
    exit 1
    ;;
  *)
    echo "usage: lab shell-pid TERMINAL | lab waits TERMINAL | lab outside kernel|process|kilobytes | lab fail MESSAGE" >&2
    exit 2
    ;;
esac
`

const bashrc = `# Read by every shell of this lesson, also by those in new namespaces.
PS1='\\[\\e]133;A\\a\\]\\[\\e[1;36m\\]\\u@\\h\\[\\e[0m\\]:\\[\\e[1;34m\\]\\w\\[\\e[0m\\]\\$ \\[\\e]133;B\\a\\]'
PS0='\\e]133;C\\a'
PROMPT_COMMAND='printf "\\e]133;D;%s\\a" $?'
HISTFILE=
alias ls='ls --color=auto' grep='grep --color=auto'
if [ -n "$LAB_OUTER" ]; then
  echo $$ > "$LAB_DIR/terminals/$LAB_TERMINAL"
  unset LAB_OUTER
fi
`

const shrc = `# Read by interactive sh: the same marks, as the bytes that they are.
PS1="$(printf '\\033]133;A\\007$ \\033]133;B\\007')"
`

/** Makes the session's directory anew. */
export async function setUpSession(sandbox: Sandbox, session: string, lesson: string): Promise<void> {
  const directory = sessionDirectory(session)
  const { kernel, process } = await sandbox.outside()
  const outside = [
    `kernel=${kernel}`,
    `process=${process?.name ?? ''}`,
    `kilobytes=${process?.kilobytes ?? ''}`,
  ]
  const script = `set -e
rm -rf ${directory}
mkdir -p ${directory}/bin ${directory}/home ${directory}/terminals
echo ${lesson} > /run/lab/lesson
cat > ${directory}/bin/lab <<'END-OF-LAB'
${lab}END-OF-LAB
cat > ${directory}/home/.bashrc <<'END-OF-BASHRC'
${bashrc}END-OF-BASHRC
cat > ${directory}/home/.shrc <<'END-OF-SHRC'
${shrc}END-OF-SHRC
cat > ${directory}/outside <<'END-OF-OUTSIDE'
${outside.join('\n')}
END-OF-OUTSIDE
chmod 755 ${directory}/bin/lab
`
  const result = await sandbox.exec('sh -s', { stdin: script, timeout: 20_000 })
  if (result.status !== 0)
    throw new SandboxError('failed', `cannot prepare the sandbox: ${result.stderr.trim()}`)
}

/**
 * What another lesson left in the machine (processes, cgroups, mounts) is not to be seen in
 * this one: it begins on a machine in its first state. Only where nobody is in there, in
 * another tab or by another program. Whoever comes back to the lesson goes on with it.
 * @param lesson its slug; without it, nobody goes on
 */
export async function freshMachine(sandbox: Sandbox, lesson?: string): Promise<void> {
  const { stdout } = await sandbox.exec(lookForLesson, { timeout: 20_000 })
  const left = stdout.trim()
  if (left === '' || left === lesson) return
  await sandbox.reset().catch((error: unknown) => {
    // This machine cannot, or another program is using it: then it is as it is.
    const mayBe = error instanceof SandboxError && ['busy', 'unsupported'].includes(error.kind)
    if (!mayBe) throw error
  })
}

/** Prints the lesson that was here last, unless the shell of a session lives. */
const lookForLesson = `test -e /run/lab/lesson || exit 0
for file in /run/lab/*/terminals/*; do
  test -e "$file" && test -d "/proc/$(cat "$file")" && exit 0
done
cat /run/lab/lesson`

/** In a machine of ours the name of the lesson stays: it says who was here. */
export async function removeSession(sandbox: Sandbox, session: string): Promise<void> {
  const all = sandbox.name === 'qemu' ? '' : '; rm -f /run/lab/lesson; rmdir /run/lab 2>/dev/null || true'
  await sandbox.exec(`rm -rf ${sessionDirectory(session)}${all}`, { timeout: 10_000 })
}

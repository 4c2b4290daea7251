// Where a person sits: `run -it`, `exec -it`, `attach`, and the keys that leave them.
import type { Cases } from '../daemon-cases.ts'

/** A terminal, and somebody who types when the program has said something: the client reads keys by then. */
const typed = (keys: string, words: string): string =>
  `touch out; (for i in $(seq 200); do [ -s out ] && break; sleep 0.1; done; printf "${keys}") | tty "${words}" >out; s=$?; cat out; rm out; exit $s`
/** For what says nothing by itself. The terminal takes no key for itself and echoes none, even before the client reads keys. */
const typedLater = (keys: string, words: string): string =>
  `(sleep 1; printf "${keys}") | tty "stty raw -echo; ${words}"`
const run = 'docker run --network none'
const up = "sh -c 'echo up; exec sleep 100'"

export const terminalCases: Cases = {
  'exec -it: a shell that somebody types into': [
    'run -d --name $N box sleep 100 >/dev/null',
    typed('echo a; exit 5\\n', 'docker exec -it $N sh'),
    typed('\\004', "docker exec -it $N sh -c 'echo up; cat; echo end'"),
    typed('\\003', `docker exec -it $N ${up}`),
    typed(
      '',
      "stty rows 30 cols 100; docker exec -it $N sh -c 'until stty size 2>&1 | grep -q 100; do sleep 0.1; done; stty size'",
    ),
    typed('', "docker exec -it -e TERM=odd $N sh -c 'echo \\$TERM'"),
    typed('\\020\\021', `docker exec -it $N ${up}`),
    typed('x', `docker exec -it --detach-keys x $N ${up}`),
    // dockerd has found out that it is 127, and may have written 126 over it when the client asks.
    `(${typed('', 'docker exec -it $N no-such-program')}); s=$?; [ $s = 126 ] || [ $s = 127 ]`,
    'docker exec -it $N true',
    'docker exec -i $N sh -c "test -t 0 || echo no terminal"',
  ],
  'run -it: a shell that somebody types into': [
    typed('echo a; exit 6\\n', `${run} -it --rm box sh`),
    typed('\\003', `${run} -it --rm box sh -c 'trap \\"exit 3\\" INT; echo up; while :; do sleep 0.1; done'`),
    typed('\\020\\021', `${run} -it --name $N box ${up}`),
    'docker inspect $N --format "{{.State.Running}} {{.Config.Tty}} {{.Config.OpenStdin}} {{.Config.AttachStdin}}"',
    typed('q', `${run} -it --name $N-q --detach-keys q box ${up}`),
    typed(
      '',
      `stty rows 31 cols 101; ${run} -it --rm box sh -c 'until stty size 2>&1 | grep -q 101; do sleep 0.1; done; stty size'`,
    ),
    typed('', `${run} -it --rm box sh -c 'echo \\$TERM; tty'`),
    typed('', `${run} -t --rm box no-such-program`),
    'docker rm -f $N $N-q',
  ],
  'attach, start -ai: with a terminal': [
    'create -it --name $N box sh >/dev/null',
    typed('echo in; exit 7\\n', 'docker start -ai $N'),
    'docker start $N',
    typedLater('\\nexit 8\\n', 'docker attach $N'),
    'docker start $N',
    typedLater('\\020\\021', 'docker attach $N'),
    typedLater('zz', 'docker attach --detach-keys z,z $N'),
    typedLater('\\001d', 'docker attach --detach-keys ctrl-a,d $N'),
    'docker attach --detach-keys ctrl-odd $N',
    'docker inspect $N --format {{.State.Running}}',
  ],
}

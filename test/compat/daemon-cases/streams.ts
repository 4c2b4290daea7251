// exec, attach and logs: streams of a container that runs.
import type { Cases } from '../daemon-cases.ts'

const sleeper = 'run -d --name $N box sleep 100 >/dev/null'
const twice =
  "run --name $N box sh -c 'echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three' >/dev/null 2>&1"

export const streamCases: Cases = {
  'exec: output, errors, exit statuses': [
    sleeper,
    'docker exec $N echo hello',
    "docker exec $N sh -c 'echo out; echo err >&2; exit 3'",
    "docker exec $N sh -c 'kill -9 $$'",
    'docker exec $N no-such-program',
    'docker exec $N /etc',
    'docker exec $N /no/such/program',
    'docker exec $N',
    'docker kill $N >/dev/null; docker wait $N >/dev/null; docker exec $N true',
  ],
  'exec: -e, -w, -u, --privileged, --env-file': [
    'run -d --name $N -e A=1 -w /tmp -u 5 box sleep 100 >/dev/null',
    "docker exec $N sh -c 'echo $A; pwd; id -u'",
    "docker exec -e A=2 -e B=3 $N sh -c 'echo $A $B'",
    'docker exec -w / $N pwd',
    'docker exec -w /no/such $N pwd',
    'docker exec -u 0 $N id -u',
    'docker exec -u 7:8 $N id',
    'docker exec -u no-such $N id',
    'docker exec -u 0 $N grep CapEff /proc/self/status',
    'docker exec $N grep CapEff /proc/self/status',
    "echo F=1 > env; docker exec --env-file env $N sh -c 'echo $F'",
  ],
  'exec: -i, -t, -d': [
    sleeper,
    'printf "a\\nb\\n" | docker exec -i $N cat',
    'printf "a\\nb\\n" | docker exec $N cat',
    'tty docker exec -t $N tty',
    'docker exec -it $N true',
    'docker exec -d $N sh -c "echo x > /made; sleep 0.1"; for i in $(seq 50); do docker exec $N test -s /made && break; sleep 0.1; done; docker exec $N cat /made',
    'docker exec -d $N no-such-program',
    'head -c 300000 /dev/zero | docker exec -i $N wc -c',
  ],
  'logs: both streams, --tail, -t, --since, --until': [
    twice,
    'docker logs $N',
    'docker logs --tail 2 $N',
    'docker logs --tail 0 $N',
    'docker logs --tail all $N',
    'docker logs --tail odd $N',
    'docker logs --tail -1 $N',
    'docker logs -t $N',
    'docker logs --since 1h $N',
    'docker logs --since 2100-01-01 $N',
    'docker logs --until 2001-01-01 $N',
    'docker logs --since odd $N',
    'docker logs --details $N',
    'docker logs -f $N',
    'docker logs -f --tail 1 $N',
  ],
  'logs -f: until the end': [
    'run -d --name $N box sh -c "for i in 1 2 3; do echo $N \\$i; sleep 0.2; done" >/dev/null; docker logs -f $N',
    'docker logs -f --tail 1 --since 1h $N',
  ],
  'logs: a line without an end, and long lines': [
    'run --name $N-a box printf "no end" >/dev/null; docker logs $N-a',
    'run --name $N-b box sh -c "head -c 40000 /dev/zero | tr \'\\0\' x; echo; echo end" >/dev/null; docker logs $N-b | wc -c; docker logs --tail 1 $N-b',
    'run --name $N-c box printf "a\\000b\\377\\n" >/dev/null; docker logs $N-c | od -c',
    'docker logs -t $N-b | wc -l',
  ],
  'logs of a terminal': [
    'tty run -t --name $N box sh -c \'"echo a; echo b >&2"\' >/dev/null; docker logs $N | od -c',
    'docker logs --tail 1 $N',
  ],
  'logs --details with labels and environment': [
    'run --name $N --log-opt labels=a --log-opt env=E --label a=1 -e E=2 box echo x',
    'docker logs --details $N',
  ],
  'attach: standard input half closed': [
    'create -i --name $N box sh -c "cat; echo end; exit 4" >/dev/null; docker start $N; echo hello | docker attach $N',
    'docker wait $N',
    'docker attach $N',
  ],
  'attach: output, signals, --no-stdin': [
    'run -d --name $N box sh -c "sleep 3; echo late; exit 5" >/dev/null; docker attach --no-stdin $N',
    'run -d --name $N-b box sh -c \'trap "exit 8" TERM; echo up; while :; do sleep 0.1; done\' >/dev/null; until docker logs $N-b | grep -q up; do sleep 0.1; done; docker attach --no-stdin $N-b & sleep 1.5; kill -TERM $!; wait $!',
    'docker pause $N-b; run -d --name $N-c box sleep 100 >/dev/null; docker pause $N-c >/dev/null; docker attach $N-c',
  ],
  // Raw before the client makes it so: Ctrl-Q is otherwise the terminal's, when the client is slow.
  'attach: the keys that leave': [
    'run -dit --name $N box sh >/dev/null; (sleep 0.7; printf "\\020\\021") | script -qec "stty raw -echo; docker attach $N" /dev/null',
    'docker inspect $N --format {{.State.Running}}',
    '(sleep 0.7; printf x) | script -qec "stty raw -echo; docker attach --detach-keys x $N" /dev/null',
    'docker attach --detach-keys odd-keys $N',
    '(sleep 0.7; printf "exit 3\\n") | script -qec "docker attach $N" /dev/null >/dev/null; docker wait $N',
  ],
}

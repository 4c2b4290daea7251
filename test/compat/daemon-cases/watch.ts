// What a container does at this moment, and how it fares: stats, top, port, wait, health,
// and the restarts that nobody asked for.
import type { Cases } from '../daemon-cases.ts'

const sleeper = 'run -d --name $N box sleep 100 >/dev/null'
/** Numbers that are never the same twice. */
const shape = "sed -E 's/[0-9.]+([a-zA-Z]+B|B|%)/n\\1/g; s/(n)(k|M|G|Ki|Mi|Gi)?B/nB/g; s/  +/  /g'"
const until = (template: string, wanted: string): string =>
  `for i in $(seq 100); do [ "$(docker inspect $N --format '${template}')" = ${wanted} ] && break; sleep 0.1; done`

export const watchCases: Cases = {
  'stats --no-stream': [
    `${sleeper}; run -d --name $N-m -m 64m box sleep 100 >/dev/null`,
    `docker stats --no-stream $N | ${shape}`,
    `docker stats --no-stream --no-trunc $N | ${shape}`,
    `docker stats --no-stream --format '{{.Name}} {{.ID}} {{.Container}} {{.CPUPerc}} {{.NetIO}} {{.BlockIO}}' $N | ${shape}`,
    "docker stats --no-stream --format '{{.Name}} {{.PIDs}}' $N",
    "docker stats --no-stream --format '{{.MemUsage}}' $N-m | sed 's/.* //'",
    'docker stats --no-stream --format json $N | sed \'s/:"[^"]*"/:/g\'',
    `docker stats --no-stream --format 'table {{.Name}}\\t{{.MemPerc}}' $N $N-m | ${shape}`,
    'docker stats --no-stream $N-none',
    `docker kill $N >/dev/null; docker wait $N >/dev/null; docker stats --no-stream --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.PIDs}}' $N`,
    `create --name $N-c box true >/dev/null; docker stats --no-stream --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.PIDs}}' $N-c`,
    'docker container stats --no-stream --format {{.Name}} $N-m',
  ],
  'top: with options of ps': [
    'run -d --name $N -u 12 box sh -c "sleep 99 & sleep 98" >/dev/null; for i in $(seq 50); do [ $(docker top $N | wc -l) -ge 4 ] && break; sleep 0.1; done',
    "docker top $N | awk '{print $1, $8, $9, $10, $11}'",
    'docker top $N | head -1',
    "docker top $N -ef | awk '{print $1, $8, $9, $10, $11}'",
    "docker top $N aux | awk '{print $1, $11, $12, $13}'",
    'docker top $N aux | head -1',
    'docker top $N -o pid,uid,args | sed "s/^[0-9]*/n/"',
    'docker top $N -eo pid,comm | sed "s/^[0-9]*/n/"',
    'docker top $N -o uid,pid -C sleep | sed "s/[0-9]*$/n/"',
    'docker top $N -o comm',
    'docker container top $N -o pid,comm | sed "s/^[0-9]*/n/"',
    'create --name $N-c box true >/dev/null; docker top $N-c',
  ],
  'port: of one that publishes nothing': [
    `${sleeper}; create --name $N-c box true >/dev/null`,
    'docker port $N',
    'docker port $N 80',
    'docker port $N 80/udp',
    'docker port $N odd',
    'docker port $N-c',
    'docker port $N-none',
    'docker port',
  ],
  'wait, and what has ended': [
    'run -d --name $N box sh -c "sleep 0.5; exit 9" >/dev/null; docker wait $N; docker wait $N; docker container wait $N',
    'create --name $N-a box sh -c "exit 4" >/dev/null; docker start -a $N-a; docker wait $N-a',
    'run -d --rm --name $N-r -v $PWD:/go box sh -c "until [ -e /go/r ]; do sleep 0.1; done; exit 5" >/dev/null; (sleep 3; touch r) & docker wait $N-r; wait',
    'run -d --name $N-k box sleep 100 >/dev/null; (sleep 0.5; docker kill $N-k >/dev/null) & docker wait $N-k; wait',
    'run -d --name $N-f box sleep 100 >/dev/null; (sleep 3; docker rm -f $N-f >/dev/null) & docker wait $N-f; wait',
    'run -d --name $N-p -v $PWD:/go box sh -c "until [ -e /go/p ]; do sleep 0.1; done; exit 6" >/dev/null; docker pause $N-p >/dev/null; touch p; (sleep 0.5; docker unpause $N-p >/dev/null) & docker wait $N-p; wait',
  ],
  'health: from starting to healthy, and to unhealthy': [
    'run -d --name $N --health-cmd "test -e /well" --health-interval 300ms --health-retries 2 --health-timeout 5s --health-start-period 0s box sh -c "sleep 0.5; touch /well; sleep 100" >/dev/null',
    'docker ps --filter name=$N --format "{{.Status}}" | grep -oE "\\((health: starting|healthy|unhealthy)\\)" | wc -l',
    `${until('{{.State.Health.Status}}', 'healthy')}; docker inspect $N --format '{{.State.Health.Status}} {{.State.Health.FailingStreak}}'`,
    'docker ps --filter name=$N --filter health=healthy --format "{{.Names}} {{.Status}}"; docker ps --filter name=$N --filter health=unhealthy -q',
    `docker exec $N rm /well; ${until('{{.State.Health.Status}}', 'unhealthy')}; docker inspect $N --format '{{.State.Health.Status}} {{ge .State.Health.FailingStreak 2}}'`,
    "docker inspect $N --format '{{with index .State.Health.Log 0}}{{.Start}} {{.End}}{{end}}' | sed 's/[0-9.:-]*/n/g' | head -c 3; docker inspect $N --format '{{len .State.Health.Log | ge 5}}'",
    "docker inspect $N --format '{{json .Config.Healthcheck}}'",
    'run -d --name $N-o --health-cmd "echo err >&2; exit 3" --health-interval 200ms --health-retries 1 box sleep 100 >/dev/null; for i in $(seq 100); do [ "$(docker inspect $N-o --format {{.State.Health.Status}})" = unhealthy ] && break; sleep 0.1; done',
    "docker inspect $N-o --format '{{with index .State.Health.Log 0}}{{.ExitCode}} {{json .Output}}{{end}}'",
    'run -d --name $N-t --health-cmd "sleep 50" --health-interval 200ms --health-timeout 1s --health-retries 1 box sleep 100 >/dev/null; for i in $(seq 100); do [ "$(docker inspect $N-t --format {{.State.Health.Status}})" = unhealthy ] && break; sleep 0.1; done',
    "docker inspect $N-t --format '{{with index .State.Health.Log 0}}{{.ExitCode}} {{.Output}}{{end}}'",
    'docker stop -t 0 $N-o; docker inspect $N-o --format {{.State.Health.Status}}; docker ps -a --filter name=$N-o --format {{.Status}}',
    'create --name $N-n box true >/dev/null; docker inspect $N-n --format "{{json .State.Health}}"',
    'create --name $N-x --health-retries -1 --health-cmd true box true; create --name $N-x --no-healthcheck --health-cmd true box true; create --name $N-x --health-interval odd --health-cmd true box true',
  ],
  'restart policies: what ends the restarts': [
    'run -d --name $N --restart always box sh -c "exit 1" >/dev/null; for i in $(seq 100); do [ "$(docker inspect $N --format {{.RestartCount}})" -ge 2 ] && break; sleep 0.1; done; docker stop $N',
    "docker inspect $N --format '{{.State.Status}} {{.State.Restarting}} {{.State.ExitCode}}'",
    'docker start $N; docker kill $N >/dev/null 2>&1; docker rm -f $N',
    'run -d --name $N-u --restart unless-stopped box sleep 100 >/dev/null; docker kill $N-u; docker wait $N-u; sleep 0.5; docker inspect $N-u --format "{{.State.Status}} {{.RestartCount}}"',
    'run -d --name $N-k --restart always box sleep 100 >/dev/null; docker exec $N-k kill -9 1; docker exec $N-k sh -c "kill -TERM 1"; docker inspect $N-k --format "{{.State.Status}} {{.RestartCount}}"',
    'run -d --name $N-o --restart on-failure box sh -c "exit 0" >/dev/null; docker wait $N-o; sleep 0.3; docker inspect $N-o --format "{{.State.Status}} {{.RestartCount}}"',
  ],
}

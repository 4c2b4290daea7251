// What sees everything at once, and has to be the only one: events, prune, info.
import type { Cases } from '../daemon-cases.ts'

const since = 'date +%s.%N > since'
const events = (format: string, ...filters: string[]): string =>
  `docker events --since $(cat since) --until $(date +%s.%N) ${filters.map((one) => `--filter ${one}`).join(' ')} --format '${format}'`

/** Of the cases before, some leave a container whose name was made up. */
const nobody = 'ids=$(docker ps -aq); [ -z "$ids" ] || docker rm -fv $ids | grep -c removed'

export const aloneCases: Cases = {
  'events: of a whole life': [
    `${since}; create --name $N --label l=1 box sh -c "exit 3" >/dev/null; docker start $N >/dev/null; docker wait $N >/dev/null; docker rm $N >/dev/null; sleep 1`,
    events(
      '{{.Type}} {{.Action}} {{.Scope}} {{.Actor.Attributes.name}} {{.Actor.Attributes.image}} {{.Actor.Attributes.exitCode}} {{.Actor.Attributes.l}}',
      'type=container',
    ),
    events('{{.Action}}', 'type=container', 'event=die', 'event=start'),
    events('{{.Action}}', 'container=$N', 'label=l=1'),
    events('{{.Action}}', 'container=no-such'),
    events('{{.Status}} {{.ID}} {{.From}}', 'event=start'),
    'docker events --since odd',
    'docker events --filter odd=1 --until 1',
  ],
  'events: kill, stop, pause, rename, exec, restart': [
    `${since}; run -d --name $N box sleep 100 >/dev/null; docker pause $N; docker unpause $N; docker rename $N $N-b; docker exec $N-b true; docker kill -s HUP $N-b; docker stop -t 0 $N-b; docker start $N-b; docker restart -t 0 $N-b; docker rm -f $N-b; sleep 1`,
    events(
      '{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.signal}} {{.Actor.Attributes.exitCode}} {{.Actor.Attributes.oldName}}',
      'type=container',
    ),
  ],
  'events: run, attach, --rm': [
    `${since}; run --rm --name $N box true; run --name $N-b box no-such 2>/dev/null; docker rm $N-b; sleep 1`,
    events('{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}', 'type=container'),
  ],
  'events: volumes and images': [
    `${since}; docker volume create $N; run --rm -v $N:/v box true; docker volume rm $N; docker tag box $N:1; docker rmi $N:1; sleep 1`,
    events('{{.Type}} {{.Action}} {{.Actor.Attributes.driver}}', 'type=volume'),
    events('{{.Type}} {{.Action}} {{.Actor.Attributes.name}}', 'type=image'),
  ],
  'events: formats, and both ends of a time': [
    `${since}; create --name $N --label k=v box true >/dev/null; docker start $N >/dev/null; docker wait $N >/dev/null; sleep 1`,
    "docker events --since $(cat since) --until $(date +%s.%N) --filter container=$N | sed -E 's/^[^ ]+ //; s/execDuration=[0-9]+, //' | tr '(' ','",
    'docker events --since $(cat since) --until $(date +%s.%N) --filter container=$N --format json | tr "," "\\n" | grep -E "^.(Type|Action|scope|status|from)" | sort | uniq -c',
    events('{{.Type}}|{{.Action}}|{{.Actor.ID}}|{{json .Actor.Attributes}}', 'container=$N', 'event=create'),
    'docker system events --since $(cat since) --until $(date +%s.%N) --filter type=container --filter image=box --filter event=die --format {{.Action}}',
    'docker events --since $(cat since) --until $(date +%s.%N) --filter type=odd --format {{.Action}}; docker events --since 5m --until 4m --filter container=$N',
    'docker events --since 2001-01-01 --until 2001-01-02; docker events --since $(date +%s.%N) --until 1s --filter container=$N --format {{.Action}} 2>&1 | tr -d 0-9.',
    '(sleep 3; docker restart -t 0 $N >/dev/null) & timeout 8 docker events --filter container=$N --filter event=restart --format {{.Action}} | head -1; wait',
    'docker events --format "{{.Odd}}" --since $(cat since) --until $(date +%s.%N) --filter container=$N; docker events --filter; docker events extra',
  ],
  'system df': [
    nobody,
    'docker volume create $N >/dev/null; create --name $N -v $N:/v box true >/dev/null; run -d --name $N-r -v $N:/v box sh -c "echo x > /v/x; sleep 100" >/dev/null; until docker exec $N-r test -s /v/x; do sleep 0.1; done',
    "docker system df | sed -E 's/[0-9.]+k?M?B/n/g; s/\\(.*%\\)/%/'",
    "docker system df --format '{{.Type}} {{.TotalCount}} {{.Active}}'",
    "docker system df -v | sed -E 's/[0-9.]+k?M?B/n/g' | grep -vE '^(Build|CACHE)'",
    'docker system df -v --format "{{range .Containers}}{{.Names}} {{.Image}} {{.Status}} {{.LocalVolumes}}|{{end}}{{range .Volumes}}{{.Name}} {{.Links}} {{.Size}}|{{end}}{{range .Images}}{{.Repository}} {{.Tag}} {{.Containers}}|{{end}}"',
    'docker system df extra; docker rm -f $N $N-r; docker volume rm $N',
  ],
  'system prune, and prune with filters': [
    nobody,
    'docker volume create --label k=$N $N-v >/dev/null; create --name $N-a -l k=1 box true >/dev/null; create --name $N-b box true >/dev/null; mkdir -p t; echo $N > t/file; tar -C t -cf t.tar .; docker import t.tar >/dev/null',
    "docker system prune -f --filter label=k=1 | grep -v '^Total'",
    'docker ps -a --format {{.Names}}',
    "docker system prune -f | grep -vE '^(Total|deleted)'",
    'docker ps -a --format {{.Names}}; docker images -q --filter dangling=true',
    "docker volume prune -f --filter label!=k=$N | grep -v '^Total'; docker volume ls -q --filter label=k=$N",
    "docker volume create $N-w >/dev/null; docker image prune -f --filter label=no; docker volume prune -f --filter label=k=no | grep -v '^Total'",
    'docker container prune -f --filter until=odd; docker image prune -f --filter until=odd',
    'docker builder prune -f 2>&1 | tail -1; docker volume rm -f $N-v $N-w; docker system prune -f --filter odd=1',
  ],
  'container prune': [
    'create --name $N-a --label k=1 box true >/dev/null; create --name $N-b box true >/dev/null; run -d --name $N-c box sleep 100 >/dev/null',
    'docker container prune -f --filter label=k=2',
    'docker container prune -f --filter until=1h',
    'docker container prune -f --filter label=k=1',
    'docker container prune -f --filter odd=1',
    'docker container prune -f',
    'docker ps -a --format {{.Names}}; docker rm -f $N-c',
  ],
  'volume prune': [
    'docker volume create $N-a >/dev/null; create --name $N -v $N-b:/v -v /anon box true >/dev/null; docker rm $N >/dev/null',
    'docker volume prune -f | sed "s/[0-9.]*[kM]*B$/n/"',
    'docker volume rm -f $N-a $N-b',
    'docker volume prune -f --filter odd=1',
  ],
  'image prune': [
    'mkdir -p t; echo $N > t/file; tar -C t -cf t.tar .; docker import t.tar >/dev/null; docker image prune -f | grep -c deleted',
    'docker image prune -f --filter odd=1',
    'docker images -q --filter dangling=true',
    'docker tag box $N:1; docker import t.tar $N:2 >/dev/null; create --name $N box true >/dev/null; docker image prune -af | grep -c untagged; docker rm $N',
    "docker images --format '{{.Repository}}:{{.Tag}}'",
  ],
  'info, version': [
    "docker info --format '{{.Containers}} {{.ContainersRunning}} {{.ContainersPaused}} {{.ContainersStopped}} {{.Images}} {{.OSType}} {{.Architecture}} {{.NCPU}} {{.MemTotal}} {{.LoggingDriver}} {{.CgroupDriver}} {{.CgroupVersion}} {{.KernelVersion}} {{.Name}} {{.OperatingSystem}} {{.Swarm.LocalNodeState}}'",
    "docker version --format '{{.Server.Os}} {{.Server.Arch}} {{.Server.KernelVersion}}'",
    "docker system info --format '{{.ServerVersion}}' | wc -l; docker info --format '{{.Odd}}'; docker version --format '{{.Client.Version}} {{.Server.APIVersion}}' | wc -w; docker version --format '{{.Odd}}'; docker info extra",
    'docker ps -a',
    'docker images no-such; docker volume ls',
  ],
}

// The longer names of verbs, files that flags read and write, and what the client is told
// when it asks for what there is not.
import type { Cases } from '../daemon-cases.ts'

export const formCases: Cases = {
  'docker container …': [
    'docker container create --name $N --network none box sh -c "echo hi; sleep 100"; docker container start $N; docker container ls --filter name=$N --format {{.Names}}; docker container list -q --no-trunc --filter name=$N; docker container ps -a --filter name=$N --format {{.State}}',
    "docker container inspect $N --format '{{.Name}} {{.State.Status}}'; docker container exec $N echo x; docker container logs $N; docker container diff $N; docker container port $N",
    'docker container pause $N; docker container unpause $N; docker container rename $N $N-b; docker container update -c 100 $N-b; docker container restart -t 0 $N-b; docker container kill $N-b; docker container wait $N-b; docker container stop $N-b; docker container commit $N-b >/dev/null; docker container export $N-b | tar -t bin/busybox; docker container cp $N-b:/bin/busybox - | wc -c; docker container attach $N-b; docker container rm $N-b; docker container remove $N-b',
    'docker container run --rm --network none box echo run; docker container odd; docker odd',
  ],
  'docker image …, docker volume …': [
    'docker image tag box $N:1; docker image ls $N; docker image list -q $N; docker image inspect $N:1 --format {{.Os}}; docker image history -q $N:1; docker image rm $N:1; docker image remove $N:1',
    'docker image save -o s.tar box; docker image load -qi s.tar; docker image import no-such.tar; docker volume list -q --filter name=$N; docker volume remove $N',
    'docker image odd; docker image inspect; docker image save; docker image save -o no-such-directory/x box',
  ],
  '--cidfile, --env-file, --label-file': [
    'create --cidfile id --name $N box true >/dev/null; test "$(cat id)" = "$(docker inspect $N --format {{.Id}})" && echo same; create --cidfile id box true',
    'run --rm --cidfile no-such-directory/id box true',
    'printf "A=1\\n#c\\n\\nB\\nC= x \\nD=#y\\n" > env; B=fromhere run --rm --env-file env -e A=2 box env | sort; printf " =1\\n" > bad; run --rm --env-file bad box true; run --rm --env-file env --env-file no-such box true',
    'printf "a=1\\n#c\\nb\\n" > labels; create --name $N-l --label-file labels -l a=2 box true >/dev/null; docker inspect $N-l --format "{{json .Config.Labels}}"; create --label-file no-such box true',
  ],
  '--pull, --platform, --name': [
    'run --rm --pull missing box echo there; run --rm --pull odd box true; run --rm --pull never $N-none true; create --pull never --name $N $N-none; run --rm --pull always 127.0.0.1:1/x true 2>&1 | grep -c Error',
    'docker rm $(create --name "" box true) | wc -c; create --name $N. box true >/dev/null; create --name $N_a-b.c box true | wc -c; create --name -x box true; create --name "a b" box true',
  ],
  'logs: times, details, following': [
    'run --name $N --log-opt labels=a,c --log-opt env=E --label a=1 --label c=3 -e E=2 box sh -c "echo one; sleep 1.2; echo two >&2; sleep 1.2; echo three"; docker logs -t $N > t; cut -d" " -f1 t > times',
    'docker logs --details $N; docker logs --details -t $N',
    'docker logs --since $(sed -n 2p times) $N; docker logs --until $(sed -n 1p times) $N; docker logs --since $(sed -n 2p times) --until $(sed -n 2p times) $N',
    'sleep 1.1; docker logs --since 1h --until 1ns $N; docker logs --until 1h $N; docker logs --since 9999999999 $N; docker logs --since 2999-01-01T00:00:00 $N',
    'docker logs -n 1 $N; docker logs -n 0 -f $N; docker logs --tail 100 $N; docker logs --tail odd --since 1h $N; docker logs -ft --tail 1 $N',
    'docker logs $N-none; docker logs; docker logs $N $N; create --name $N-c box true >/dev/null; docker logs $N-c; docker logs -f --until 1s $N-c',
    'run -d --name $N-f box sh -c "for i in 1 2 3 4 5 6; do echo \\$i; sleep 0.2; done" >/dev/null; docker logs -f $N-f; docker logs -f --tail 2 $N-f',
  ],
  '--log-driver, --log-opt': [
    'run --name $N --log-driver local --log-opt max-size=10k --log-opt max-file=3 --log-opt compress=false box sh -c "echo x; sleep 0.1; echo y >&2"; docker logs -t $N | cut -d" " -f2; docker logs --tail 1 $N',
    "docker inspect $N --format '{{json .HostConfig.LogConfig}} {{.LogPath}}'",
    'run --name $N-t --log-opt tag={{.Name}} --log-opt labels-regex=^a --label ab=1 box echo x; docker logs --details $N-t',
    'create --name $N-a --log-opt max-file=odd box true; create --name $N-b --log-opt max-file=0 box true; create --name $N-c --log-opt max-size=-1k box true; create --name $N-d --log-opt mode=odd box true; create --name $N-e --log-driver local --log-opt labels=x box true; create --name $N-f --log-driver none --log-opt max-size=1k box true; create --name $N-g --log-opt compress=true --log-opt max-file=1 box true',
    'run --name $N-m --log-opt mode=non-blocking --log-opt max-buffer-size=1m box echo kept; docker logs $N-m; docker start $N-a 2>&1 | grep -o "failed to initialize logging driver"',
    'run --name $N-big --log-opt max-size=20k --log-opt max-file=2 box sh -c "i=0; while [ \\$i -lt 2000 ]; do echo line number \\$i; i=\\$((i+1)); done" >/dev/null; docker logs $N-big | tail -1; docker logs --tail 3 $N-big',
  ],
  'inspect: formats, types, sizes': [
    'docker volume create $N >/dev/null; create --name $N -e A=b -v $N:/v box sh -c "echo hi" >/dev/null',
    'docker inspect --type container $N --format {{.Name}}; docker inspect --type volume $N --format {{.Name}}; docker inspect --type odd $N; docker inspect --type network $N-none',
    'docker inspect $N --format \'{{json .Config.Env}} {{index .Config.Cmd 0}} {{range .Args}}[{{.}}]{{end}} {{with .State}}{{.Status}}{{end}} {{if .State.Running}}a{{else}}b{{end}} {{len .Id}} {{printf "%s-%d" .Name .RestartCount}} {{join .Config.Cmd ","}} {{upper .Driver}} {{title .Platform}} {{split .Path "/"}} {{println .Path}}\'',
    "docker inspect $N --format '{{.Config.Odd}}'; docker inspect $N --format '{{.Odd.Odd}}'; docker inspect $N --format '{{odd .Name}}'; docker inspect $N --format '{{.Name'",
    "docker inspect box --format '{{.Os}}/{{.Architecture}} {{len .RootFS.Layers}} {{.Config.Cmd}}'; docker inspect $N box --format '{{.Id}}'; docker inspect -s $N --format '{{json .SizeRw}}'; docker inspect -s box --format {{.Os}}",
    'docker inspect $N | sed -n \'s/^        "\\([A-Za-z]*\\)".*/\\1/p\' | grep -vE "^(Container|ContainerConfig|VirtualSize)$" | sort',
    "docker inspect $N --format json | tr ',' '\\n' | sed -n 's/.*\"HostConfig\":{\"\\([A-Za-z]*\\)\".*/\\1/p'; docker inspect",
    'docker image inspect box | sed -n \'s/^        "\\([A-Za-z]*\\)".*/\\1/p\' | grep -vE "^(Container|ContainerConfig|VirtualSize)$" | sort',
    'docker rm $N; docker inspect $N --format {{.Mountpoint}}; docker volume rm $N',
  ],
  'ps: each filter, each column': [
    'create --name $N-a -l g=$N -v $N-v:/v --expose 80 box true >/dev/null; run -d --name $N-b -l g=$N -l o=1 --health-cmd true box sleep 100 >/dev/null; run --name $N-c -l g=$N box sh -c "exit 2"; docker pause $N-b',
    "docker ps -a --filter label=g=$N --format '{{.Names}}|{{.Image}}|{{.Command}}|{{.State}}|{{.Ports}}|{{.Networks}}|{{.Mounts}}|{{.LocalVolumes}}|{{.Labels}}|{{.Label \"o\"}}|{{.Size}}' | sed -E 's/[0-9.]+k?B/n/g'",
    'for f in status=paused status=dead status=removing status=restarting exited=2 exited=0 volume=$N-v volume=/v ancestor=box:latest ancestor=$(docker images -q box) network=none publish=1-100 name=^/$N-a$ name=$N-[ab] health=starting health=healthy since=$N-a before=$N-b label=o is-task=true; do echo "$f: $(docker ps -a --filter label=g=$N --filter $f --format {{.Names}} | sort | tr "\\n" " ")"; done',
    'for f in health=odd isolation=default expose=odd publish=odd before=no-such since= odd; do docker ps -a --filter label=g=$N --filter $f -q; done',
    'docker ps -a --filter label=g=$N --filter label=o=1 --filter name=$N-a -q; docker ps --filter label=g=$N --filter status=created --format {{.Names}}; docker ps -n 0 --filter label=g=$N --format {{.Names}}; docker ps -n -1 --filter label=g=$N --format {{.Names}}; docker ps -n 2 --filter label=g=$N --format {{.Names}}; docker ps -n odd',
    "docker ps -a --filter label=g=$N --format json | tr ',' '\\n' | cut -d: -f1 | sort -u; docker ps -a --filter label=g=$N --format 'table {{.Names}}' ; docker ps -a --filter label=g=$N --format raw | grep -c container_id; docker ps --format '{{.Names'",
    'docker rm -f $N-a $N-b $N-c; docker volume rm $N-v',
  ],
}

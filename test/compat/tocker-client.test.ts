// `tocker` and the stock `docker` are two clients of one API: each line is said by both, to a
// tockerd and to Debian's dockerd, and what they print and how they end is compared. Needs root.
//
// What a line leaves behind the other client must not find: $N names what is of one client.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { Pair, type Said } from './daemon-pair.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

/** In front of a line, the same words are tocker's. */
const asTocker = `docker() { "${process.execPath}" "${join(packageRoot(), 'dist/tocker.mjs')}" "$@"; }\n`

const cases: Record<string, readonly string[]> = {
  'run and its end': [
    'run --rm box echo hello',
    'run --rm box sh -c "echo out; echo err >&2; exit 3"',
    'echo quiet | docker run --rm -i --network none box tr a-z A-Z',
    'run --rm box nope',
    'run --rm --gpus all box true; run --rm --device nvidia.com/gpu=0 box true; run --rm --gpus x=y box true 2> /dev/null',
    'run --rm box /etc',
    'run --rm -e A=1 -e B -w /tmp -u 12:34 -h web box sh -c "echo $A; pwd; id; hostname"',
    'run --rm --entrypoint sh --read-only --tmpfs /run box -c "echo x > /run/y && ! echo x > /y"',
    'run --rm --ulimit nofile=99:99 --cap-drop ALL --init box sh -c "ulimit -n; grep CapEff /proc/self/status"',
    'run --name taken-$N box true; run --name taken-$N box true',
    'run --rm -v v-$N:/data box sh -c "echo kept > /data/x"; run --rm --mount src=v-$N,dst=/d,ro box cat /d/x; docker volume rm v-$N',
    'tty docker run --rm -it --network none box sh -c "test -t 0 && test -t 1 && echo terminal; exit 5"; echo $?',
  ],
  'the life of a container': [
    'create --name a-$N box sleep 1000 > /dev/null; docker start a-$N; docker ps --filter name=a-$N',
    'docker ps -a --filter name=a-$N --format "{{.Names}} {{.Image}} {{.Command}} {{.State}}"',
    'docker container ls -aq --no-trunc --filter name=a-$N',
    'docker pause a-$N; docker ps --filter name=a-$N; docker unpause a-$N a-$N-not-there',
    'docker exec a-$N echo in; docker exec a-$N sh -c "exit 4"; echo $?; docker exec a-$N nope; echo $?',
    'echo typed | docker exec -i -e X=1 -w /tmp a-$N sh -c "cat; echo $X; pwd"',
    'docker top a-$N -o pid,comm | tail -n +2 | wc -l',
    'docker stats --no-stream --format "{{.Name}} {{.PIDs}}" a-$N',
    'docker rename a-$N b-$N; docker inspect -f "{{.Name}} {{.Config.Cmd}}" b-$N; docker rename no-$N x',
    'docker update -m 64m --memory-swap 64m b-$N; docker inspect -f "{{.HostConfig.Memory}}" b-$N; docker update b-$N; echo $?',
    'docker stop -t 1 b-$N; docker wait b-$N; docker kill b-$N; docker restart -t 0 b-$N; docker rm b-$N; docker rm -f b-$N no-$N',
    'docker port no-$N; docker logs no-$N; docker attach no-$N; docker start no-$N',
  ],
  'what it wrote and printed': [
    'run --name w-$N box sh -c "echo one; echo two >&2; echo new > /new; rm /etc/group"',
    'docker logs w-$N; docker logs -t w-$N 2>&1 | cut -c1-3; docker logs --tail 0 w-$N; docker logs --since 1h --until 1h w-$N',
    'docker diff w-$N | sort; docker cp w-$N:/new got; cat got; docker cp w-$N:/new - | tar t',
    'echo in > in; docker cp in w-$N:/there; docker cp w-$N:/there .; cat there; docker cp w-$N:/nope .; echo $?',
    'mkdir -p d/e; echo f > d/e/f; docker cp d w-$N:/srv; docker cp d/. w-$N:/srv; docker cp w-$N:/srv out; find out -type f | sort',
    'docker export w-$N | tar t | grep -c .; docker commit -m made -c "ENV A=1" w-$N i-$N > /dev/null; run --rm i-$N sh -c "cat /new; echo $A"',
    'docker start -a w-$N',
  ],
  images: [
    'docker tag box i-$N:1; docker images i-$N; docker image ls --format "{{.Repository}}:{{.Tag}}" i-$N; docker images -q --no-trunc i-$N | wc -l',
    'docker history --format "{{.CreatedBy}}|{{.Size}}" i-$N:1; docker inspect -f "{{.Config.Cmd}}" i-$N:1',
    'docker save i-$N:1 > s.tar; docker rmi i-$N:1; docker load -i s.tar; docker load -q < s.tar; docker rmi i-$N:1 no-$N',
    'docker import -c "CMD [\\"x\\"]" s.tar f-$N | cut -c1-7; docker inspect -f "{{.Config.Cmd}}" f-$N; docker rmi f-$N > /dev/null',
    'docker pull UPPER > /dev/null 2>&1; echo $?; docker rmi no-$N; docker history no-$N; docker image inspect no-$N; docker inspect no-$N',
  ],
  'networks, volumes, system': [
    'docker volume create --label a=b v-$N; docker volume ls -q --filter name=v-$N; docker volume inspect -f "{{.Name}} {{.Labels}}" v-$N; docker volume rm v-$N no-$N',
    'docker network ls --format "{{.Name}} {{.Driver}}" --filter driver=host; docker network inspect -f "{{.Driver}}" none; docker network inspect no-$N',
    'docker version -f "{{.Server.Os}}"; docker info -f "{{.OSType}} {{.NCPU}}"; docker system df --format "{{.Type}}"',
    'create --name e-$N box > /dev/null; sleep 1.1; docker events --since 60s --until 0s --filter container=e-$N --format "{{.Type}} {{.Action}}"; docker rm e-$N',
    'docker nope 2> /dev/null; echo $?; docker ps --nope 2> /dev/null; echo $?; docker rm 2> /dev/null; echo $?',
  ],
}

describe.runIf(isRoot)('tocker and docker', () => {
  let pair: Pair | undefined
  let count = 0
  beforeAll(async () => {
    pair = await Pair.open()
  })
  afterAll(() => pair?.[Symbol.asyncDispose]())

  test.concurrent.each(Object.entries(cases))('%s', async (_title, lines) => {
    if (pair === undefined) throw new Error('there are no daemons')
    const name = `t${++count}`
    // Of one length: columns are as wide as what stands in them.
    const [ours, theirs] = [`${name}a`, `${name}b`]
    const said: Record<string, Said>[] = [{}, {}]
    for (const line of lines) {
      const [mine, other] = [
        await pair.say(ours, ours, `${asTocker}${line}`),
        await pair.say(theirs, theirs, line),
      ]
      for (const [index, daemon] of ['tockerd', 'dockerd'].entries()) {
        const [own, docker] = [mine[index], other[index]]
        if (own && docker) {
          Object.assign(said[0] ?? {}, { [`${daemon}: ${line}`]: plain(own, ours) })
          Object.assign(said[1] ?? {}, { [`${daemon}: ${line}`]: plain(docker, theirs) })
        }
      }
    }
    await pair.forget(ours)
    await pair.forget(theirs)
    expect(said[0]).toEqual(said[1])
  })
})

/** Each client begins its errors in its own way, and Docker's adds a hint about --help. */
function plain({ status, stdout, stderr }: Said, name: string): Said {
  const common = (text: string): string => text.replaceAll(name, '<name>')
  const errors = stderr
    .replace(/^(docker|tocker): /gm, '')
    .replace(/^(Error response from daemon|Error): /gm, '')
    // A second line that says again what could not be done.
    .replace(/^failed to (start|rename) container.*\n?/gm, '')
    .replace(/\n\n?Run 'docker [^\n]*\n?/g, '\n')
    .replace(/ ?\(see 'tocker[^\n]*\)/g, '')
    .replace(/^[A-Z]/gm, (letter) => letter.toLowerCase())
    .replace(/\n+/g, '\n')
    .trim()
  return { status, stdout: common(stdout), stderr: common(errors) }
}

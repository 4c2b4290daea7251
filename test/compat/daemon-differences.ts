// Lines of daemon-cases.ts for which the two daemons say different things, and why ours stays
// as it is. A line in here must differ, so that the list stays true.

const version = 'dockerd 20.10 has other words: ours are those of today'
const inherited = 'dockerd 20.10 takes a volume away that a container has from another with --volumes-from'
const clearer = 'ours says more: what is wrong, and what to do'

export const daemonDifferences: Readonly<Record<string, string>> = {
  'run --rm box /etc': version,
  'docker exec $N /etc': version,
  'docker exec $N no-such-program': 'today it is 127, as for run; dockerd 20.10 says 126',
  'docker exec $N /no/such/program': 'today it is 127, as for run; dockerd 20.10 says 126',
  'docker exec -w /no/such $N pwd': 'the directory is made, as it is for run',
  'create --name $N-a --restart odd box true': version,
  'create --name $N-b --restart always:3 box true': version,
  'create --name $N-c --restart on-failure:-1 box true': version,
  'create --name $N-x --log-driver odd box true': 'there are no plugins: none is waited for',
  'docker kill -s 99 $N': clearer,
  'docker stop -s ODD $N': 'a signal that there is not is refused, and not taken for SIGTERM',
  'docker start $N >/dev/null; docker stop -s ODD $N':
    'a signal that there is not is refused, and not taken for SIGTERM',
  'docker top $N -o odd': clearer,
  'docker pull 127.0.0.1:1/x:1': clearer,
  'docker images --filter odd=1': clearer,
  'docker images --filter dangling=odd': clearer,
  'docker volume ls --filter dangling=odd': clearer,
  'docker rmi UPPER': clearer,
  'docker image inspect no-such': version,
  'docker image inspect UPPER': clearer,
  'docker inspect --type image $N': version,
  'docker push no-such-image': 'looked for first: nothing is announced that cannot be',
  'docker push 127.0.0.1:1/no-such': 'looked for first: nothing is announced that cannot be',
  'docker tag box 127.0.0.1:1/$N; docker push -q 127.0.0.1:1/$N; docker rmi 127.0.0.1:1/$N': clearer,
  'printf junk | docker import - $N:4': clearer,
  'docker save no-such > x.tar': 'the tag that was looked for is in the message',
  'docker load < t.tar': clearer,
  'printf junk | docker load': clearer,
  'run --name $N-c box printf "a\\000b\\377\\n" >/dev/null; docker logs $N-c | od -c':
    'bytes that are no UTF-8 come back as they were written; dockerd loses them',
  "docker ps -a --filter label=k=$N --format '{{.Names}}' --filter exited=odd": clearer,
  "docker events --since $(cat since) --until $(date +%s.%N) --filter type=volume --format '{{.Type}} {{.Action}} {{.Actor.Attributes.driver}}'":
    'what is mounted and unmounted is not told; and what is there already is not created again',
  "docker events --since $(cat since) --until $(date +%s.%N) --filter type=image --format '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}'":
    'ours says which name was taken away',
  'docker image prune -f --filter odd=1': clearer,
  'docker events --filter odd=1 --until 1': 'a filter that there is not is refused',
  'create --name $N-a --runtime odd box true': version,
  'docker import -c "ODD x" t.tar $N:3': version,
  'docker volume prune -f | sed "s/[0-9.]*[kM]*B$/n/"': 'since API 1.42 only those without a name are pruned',
  'run --rm --network container:$N-a box true': 'the later flag counts',
  'docker container prune -f --filter until=odd; docker image prune -f --filter until=odd': clearer,
  'printf junk | docker cp - $N:/tmp': clearer,
  'docker commit -c "STOPSIGNAL USR1" $N $N/signal && docker rmi $N/signal | grep -c Untagged': version,
  'docker commit -c "RUN x" $N $N/made:4': version,
  'docker commit -c "ODD x" $N $N/made:4': version,
  'create --name $N-a --device-read-bps /dev/no-such:1mb box true':
    'refused when it is created, in the words that dockerd has when it starts',
  'docker update --restart odd $N': version,
  'docker update --restart always:3 $N': version,
  'echo \'{"defaultAction":"SCMP_ACT_ODD"}\' > odd.json; run --rm --security-opt seccomp=odd.json box true; echo $?':
    clearer,
  'docker kill $N-s >/dev/null; docker wait $N-s >/dev/null; run --rm --pid container:$N-s box true': version,
  'run --rm --ipc host --sysctl kernel.msgmax=9000 box true': clearer,
  'docker volume create --name $N-n; docker volume create -d local $N-n; docker volume create -o type=tmpfs -o device=tmpfs $N-n':
    'one that is there with other options is not the one that was asked for, and we say so',
  'create --name $N-2 --volumes-from $N box true >/dev/null; docker rm -f $N >/dev/null; docker volume rm $N-v':
    inherited,
  'docker volume ls -q --filter dangling=true --filter name=$N; docker volume ls -q --filter dangling=0 --filter name=$N':
    inherited,
  'docker ps -a --filter volume=$N-v --format {{.Names}}; docker rm -v $N-2; docker volume ls -q --filter dangling=1 --filter name=$N; docker volume rm $N-v':
    inherited,
  'touch out; (for i in $(seq 50); do [ -s out ] && break; sleep 0.1; done; printf "") | tty "docker exec -it $N no-such-program" >out; s=$?; cat out; rm out; exit $s':
    'today it is 127, as for run; dockerd 20.10 says 126',
}

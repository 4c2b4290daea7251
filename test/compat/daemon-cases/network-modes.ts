// What goes with which network mode, and what does not.
import type { Cases } from '../daemon-cases.ts'

const joined = (...words: string[]): string => `docker create --network container:$N-a ${words.join(' ')} box`

export const networkModeCases: Cases = {
  'network modes: what cannot be asked of another’s network': [
    'run -d --name $N-a box sleep 100 >/dev/null',
    joined('--hostname', 'name'),
    joined('--link', 'other'),
    joined('--dns', '192.0.2.1'),
    joined('--add-host', 'name:192.0.2.1'),
    joined('-p', '80:80'),
    joined('-P'),
    joined('--expose', '80'),
    joined('--hostname', 'name', '--dns', '192.0.2.1', '-P'),
    'docker create --network container: box',
    'docker create --network host --link other box',
    'docker create --uts host --hostname name box',
    'docker create --network host --add-host name:192.0.2.1 --dns 192.0.2.1 box >/dev/null; echo $?',
  ],
  'network modes: names of those who have no network of their own': [
    'docker run --rm --network host box sh -c \'test $(hostname) = "$0" && test $(cat /etc/hostname) = "$0" && test $HOSTNAME = "$0" && echo same\' $(hostname)',
    'docker run --rm --network host --hostname other box sh -c "hostname; cat /etc/hostname"',
    'run -d --name $N-a --hostname island box sleep 100 >/dev/null; docker run -d --name $N-b --network container:$N-a box sleep 100 >/dev/null',
    'docker exec $N-b sh -c "hostname; cat /etc/hostname; echo \\$HOSTNAME"',
    'docker exec $N-b sh -c "echo 192.0.2.9 added >> /etc/hosts"; docker exec $N-a tail -n 1 /etc/hosts',
    "docker inspect --format '{{.Config.Hostname}}' $N-b",
    'docker run --rm --network container:$N-b box sh -c "hostname; tail -n 1 /etc/hosts"',
  ],
}

// Volumes with options, and mounts of each kind, the way a container sees them.
import type { Cases } from '../daemon-cases.ts'

const mounts =
  "docker inspect $N --format '{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}} {{.Driver}} {{.Mode}} {{.RW}} {{.Propagation}}|{{end}}'"

export const volumeCases: Cases = {
  'volume create --opt: what local mounts': [
    'docker volume create -o type=tmpfs -o device=tmpfs -o o=size=1m,mode=1770 $N-t',
    "run --rm -v $N-t:/v box sh -c 'df -k /v | tail -1; stat -c %a /v'",
    "docker volume inspect $N-t --format '{{json .Options}} {{json .Labels}} {{.Driver}}'",
    'mkdir -p dir; echo in > dir/file; docker volume create -o type=none -o o=bind -o device=$PWD/dir $N-b; run --rm -v $N-b:/v box cat /v/file',
    'run --rm -v $N-b:/v:ro box touch /v/x',
    'docker volume create -o type=none -o o=bind -o device=$PWD/no-such $N-m; run --rm -v $N-m:/v box true 2>&1 | grep -o "error while mounting volume"',
    'docker volume create -o type=tmpfs $N-i',
    'docker volume create -o o=size=1m $N-j',
    'docker volume create -o device=x $N-k',
    'docker volume create --name $N-n; docker volume create -d local $N-n; docker volume create -o type=tmpfs -o device=tmpfs $N-n',
    'docker volume create $N-1 $N-2',
    'docker volume create --label =x --label y= $N-l; docker volume inspect $N-l --format "{{json .Labels}}"',
    'docker volume rm $N-t $N-b $N-m $N-n $N-l; docker volume rm -f $N-i $N-j $N-k >/dev/null',
  ],
  'volume ls, inspect: formats': [
    'docker volume create --label a=$N --label b $N-1 >/dev/null; docker volume create --label a=$N $N-2 >/dev/null',
    'docker volume ls --filter label=a=$N',
    "docker volume ls --filter label=a=$N --format '{{.Name}} {{.Driver}} {{.Scope}} {{.Mountpoint}} {{.Labels}} {{.Links}} {{.Size}}'",
    "docker volume ls --filter label=a=$N --format 'table {{.Name}}\\t{{.Driver}}'",
    'docker volume ls -q --filter label=b --filter name=$N; docker volume ls -q --filter label=no-such',
    'docker volume ls -q --filter name=$N-1; docker volume ls -q --filter driver=odd; docker volume ls extra',
    'docker volume inspect $N-1 $N-2 --format {{.Name}}; docker volume inspect $N-1 $N-none --format {{.Name}}',
    "docker volume inspect $N-2 | sed 's/: .*//'",
    'docker volume inspect --format "{{.Odd}}" $N-1',
    'docker volume rm $N-1 $N-none $N-2; docker volume rm; docker volume inspect',
  ],
  'volume: who uses it': [
    'run -d --name $N -v $N-v:/v box sleep 100 >/dev/null; docker volume rm $N-v; docker volume rm -f $N-v',
    'create --name $N-2 --volumes-from $N box true >/dev/null; docker rm -f $N >/dev/null; docker volume rm $N-v',
    'docker volume ls -q --filter dangling=true --filter name=$N; docker volume ls -q --filter dangling=0 --filter name=$N',
    'docker ps -a --filter volume=$N-v --format {{.Names}}; docker rm -v $N-2; docker volume ls -q --filter dangling=1 --filter name=$N; docker volume rm $N-v',
  ],
  'volume: copied up, once, with owners': [
    'run --name $N-i box sh -c "mkdir -p /data/sub; echo a > /data/sub/a; ln -s sub/a /data/l; chown -R 5:6 /data; chmod 750 /data" ; docker commit -c "VOLUME /data" $N-i $N/vol >/dev/null',
    'run --rm -v $N-c:/data $N/vol sh -c "stat -c \'%a %u:%g\' /data; find /data | sort; cat /data/l; rm /data/l"',
    'run --rm -v $N-c:/data $N/vol find /data',
    'run --rm --mount source=$N-n,target=/data,volume-nocopy $N/vol find /data',
    'run --rm -v $N-d:/data:nocopy $N/vol find /data; run --rm -v $N-d:/data $N/vol find /data',
    'run --name $N $N/vol sh -c "echo new >> /data/sub/a; cat /data/sub/a"',
    "docker inspect $N --format '{{range .Mounts}}{{.Type}} {{.Destination}} {{.RW}} {{.Driver}} {{.Mode}}{{end}} {{json .Config.Volumes}}'",
    'run --rm --volumes-from $N box cat /data/sub/a',
    'docker rm -v $N $N-i >/dev/null; docker volume rm $N-c $N-n $N-d; docker rmi $N/vol | grep -c Untagged',
  ],
  'mounts: what inspect says': [
    'mkdir -p b; create --name $N -v $PWD/b:/a:ro,rslave --mount type=bind,src=$PWD/b,dst=/b,bind-propagation=private -v $N-v:/c:rw --mount type=volume,src=$N-w,dst=/d,readonly --mount type=tmpfs,dst=/e,tmpfs-mode=700 --tmpfs /f:rw,noexec box true >/dev/null',
    `${mounts} | tr "|" "\\n" | sort`,
    'docker inspect $N --format "{{json .HostConfig.Tmpfs}} {{json .HostConfig.Mounts}} {{json .HostConfig.VolumesFrom}}"',
    'docker start -a $N; docker rm -v $N; docker volume rm $N-v $N-w',
    'create --name $N --mount type=odd,dst=/x box true; create --name $N --mount type=tmpfs,src=a,dst=/x box true; create --name $N --mount type=tmpfs box true',
    'create --name $N -v /x:/y:odd box true; create --name $N -v :/y box true; create --name $N -v /x: box true; create --name $N -v a/b:/y box true; create --name $N -v /x:/y:ro,rw box true; create --name $N -v $N:/y:z,nocopy box true; docker rm -v $N; docker volume rm $N',
    'create --name $N-2 --tmpfs /x -v /b:/x box true',
  ],
  'mounts: what the container sees': [
    "mkdir -p b; run --rm -v $PWD/b:/a:ro --tmpfs /f:size=1m,mode=700,uid=5 --mount type=tmpfs,dst=/e,tmpfs-mode=700,tmpfs-size=2m box sh -c \"grep -E ' /(f|e) ' /proc/mounts | cut -d' ' -f2-4 | sort; grep ' /a ' /proc/mounts | cut -d' ' -f4 | cut -d, -f1\"",
    'run --rm -v $PWD/b:/a:shared box true 2>&1 | cut -c1-40; run --rm -v $PWD/b:/a:rshared box true 2>&1 | cut -c1-40; run --rm -v $PWD/b:/a:slave box grep -c " /a " /proc/self/mountinfo',
    'run --rm --read-only -v /vol --tmpfs /t box sh -c "touch /vol/x /t/x /dev/x; touch /x"',
    'ln -s b link; echo l > b/f; run --rm -v $PWD/link:/a box cat /a/f; run --rm -v $PWD/b/f:/deep/er/file box cat /deep/er/file',
    'run --rm -v $PWD/b:/etc/hosts box true 2>&1 | cut -c1-40; run --rm -v $PWD/b/f:/etc/hosts box cat /etc/hosts',
    'run --rm -v $PWD/b:/a -v $PWD/b:/a/n box ls /a/n; run --rm --tmpfs /a -v $PWD/b:/a/b box ls /a/b',
  ],
  '--volumes-from: all at once': [
    'mkdir -p b; echo b > b/f; run --name $N-a -v $PWD/b:/bind:ro -v $N-n:/named -v /anon --tmpfs /t box sh -c "echo n > /named/f; echo a > /anon/f"',
    'run --name $N --volumes-from $N-a -v $N-m:/named box sh -c "cat /bind/f /anon/f; ls /named; touch /bind/x; ls -d /t"',
    "docker inspect $N --format '{{range .Mounts}}{{.Type}} {{.Destination}} {{.Driver}} [{{.Mode}}] {{.RW}} {{.Propagation}}|{{end}}' | tr '|' '\\n' | sort",
    'run --rm --volumes-from $(docker inspect $N-a --format {{.Id}}):rw box cat /named/f; run --rm --volumes-from $N-a:ro box touch /anon/x',
    'docker rm -v $N $N-a >/dev/null; docker volume rm $N-n $N-m',
  ],
}

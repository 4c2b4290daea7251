// Who a container is for the kernel: namespaces of others, rights, profiles, devices, and the
// files that a container gets from the daemon.
import { readFileSync } from 'node:fs'
import type { Cases } from '../daemon-cases.ts'

const status = "grep -E 'NoNewPrivs|Seccomp:|Cap(Prm|Eff|Bnd|Amb)' /proc/self/status"
const inspect = (...names: string[]): string =>
  `docker inspect $N --format '${names.map((name) => `{{json .HostConfig.${name}}}`).join(' ')}'`

/** Linux has three capabilities, the highest, that dockerd 20.10 does not give with ALL. */
const newer = 'sed s/0000003f/000001ff/'
/** runc 1.1 fails where a right is missing that it was asked for; ours gives what there is to give. */
const hasAll = /^CapBnd:\t[0-9a-f]*f{9}$/m.test(readFileSync('/proc/self/status', 'utf8'))
const privileged: readonly string[] = [
  `run --rm --privileged box ${status} | ${newer}`,
  'run --rm --privileged box sh -c "mount -t tmpfs none /tmp && echo mounted"',
  'run --rm --privileged box sh -c "ls /dev | grep -cE \'^(loop-control|fuse|kmsg|mem)$\' | sed s/[1-9]/some/"',
  "run --rm --privileged box sh -c \"grep -c ' /proc/.* ro' /proc/mounts; grep ' /sys ' /proc/mounts | cut -d' ' -f4 | cut -d, -f1; ls /proc/acpi >/dev/null && echo seen\"",
  `run --rm --privileged --cap-drop ALL box grep CapEff /proc/self/status | ${newer}`,
  'run --rm --privileged --security-opt seccomp=unconfined box grep Seccomp: /proc/self/status',
]

export const securityCases: Cases = {
  ...(hasAll ? { '--privileged: what runs': privileged } : {}),
  'devices that a driver would have to find': [
    'run --rm --gpus all box true',
    `run --rm --gpus '"device=0,1",capabilities=compute' box true`,
    'run --rm --device nvidia.com/gpu=0 box true',
    `create --name $N --gpus 2 box true >/dev/null; ${inspect('DeviceRequests')}; docker start $N`,
    "docker inspect $N --format '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}'; docker rm $N",
  ],
  '--privileged: what inspect says': [
    "run --rm box sh -c \"grep ' /proc/' /proc/mounts | cut -d' ' -f2,3 | grep -v interrupts | sort; grep ' /sys ' /proc/mounts | cut -d' ' -f4 | cut -d, -f1\"",
    'run --rm --privileged -u 1000 box grep CapEff /proc/self/status',
    'create --name $N --privileged box true >/dev/null',
    inspect('Privileged', 'SecurityOpt', 'MaskedPaths', 'ReadonlyPaths', 'CapAdd', 'CapDrop'),
    "docker inspect $N --format '{{.AppArmorProfile}}|{{.ProcessLabel}}|{{.MountLabel}}'",
  ],
  '--cap-add, --cap-drop: in all spellings': [
    `run --rm --cap-add ALL --cap-drop SYS_RESOURCE box ${status} | ${newer}`,
    `run --rm --cap-add ALL --cap-drop SYS_ADMIN --cap-drop sys_resource box ${status} | ${newer}`,
    `run --rm --cap-drop all --cap-add net_bind_service box ${status}`,
    'run --rm --cap-drop NET_RAW --cap-drop CAP_CHOWN box sh -c "chown 5 /etc/passwd"',
    'run --rm --cap-add SYS_TIME -u 5 box grep CapEff /proc/self/status',
    'create --name $N --cap-add sys_time --cap-add CAP_NET_ADMIN --cap-drop mknod --cap-drop CAP_KILL box true >/dev/null',
    inspect('CapAdd', 'CapDrop'),
    'create --name $N-a --cap-add ODD --cap-drop ODDER box true',
  ],
  '--security-opt: seccomp, apparmor, no-new-privileges, label': [
    `run --rm --security-opt no-new-privileges:true box ${status}`,
    `run --rm --security-opt seccomp=unconfined box ${status}`,
    'echo \'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod","fchmodat","fchmodat2"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]}\' > p.json; run --rm --security-opt seccomp=p.json box chmod 700 /tmp',
    'echo junk > bad.json; run --rm --security-opt seccomp=bad.json box true',
    'echo \'{"defaultAction":"SCMP_ACT_ODD"}\' > odd.json; run --rm --security-opt seccomp=odd.json box true; echo $?',
    'run --rm --security-opt apparmor=unconfined box true',
    'run --rm --security-opt label=disable box true',
    'run --rm --security-opt odd box true',
    'run --rm --security-opt no-new-privileges:odd box true',
    'run --rm box sh -c "unshare -m true"; run --rm --security-opt seccomp=unconfined --cap-add SYS_ADMIN box unshare -m true',
    'create --name $N --security-opt no-new-privileges --security-opt seccomp=unconfined --security-opt apparmor=unconfined box true >/dev/null',
    inspect('SecurityOpt', 'ReadonlyPaths'),
    'create --name $N-s --security-opt systempaths=unconfined box true >/dev/null; docker inspect $N-s --format "{{json .HostConfig.MaskedPaths}} {{json .HostConfig.ReadonlyPaths}} {{json .HostConfig.SecurityOpt}}"',
    'run --rm --security-opt systempaths=unconfined box sh -c "grep -c \' /proc/\' /proc/mounts"',
  ],
  '--pid, --ipc, --uts, --userns, --cgroupns: what inspect says': [
    'create --name $N --pid host --ipc host --uts host --userns host --cgroupns host box true >/dev/null',
    inspect('PidMode', 'IpcMode', 'UTSMode', 'UsernsMode', 'CgroupnsMode', 'SecurityOpt', 'ShmSize'),
    'run --rm --userns host box cat /proc/self/uid_map | tr -s " "',
    'run --rm --uts host -h x box true',
    'run --rm --ipc none box ls /dev/shm',
    'run --rm --ipc odd box true; run --rm --uts odd box true; run --rm --pid container: box true; run --rm --ipc container:$N-none box true',
    'run -d --name $N-a --ipc private box sleep 100 >/dev/null; run --rm --ipc container:$N-a box true',
    'run -d --name $N-s --ipc shareable --shm-size 2m box sh -c "echo x > /dev/shm/x; sleep 100" >/dev/null; until docker exec $N-s test -s /dev/shm/x; do sleep 0.1; done; run --rm --ipc container:$N-s box cat /dev/shm/x',
    'docker kill $N-s >/dev/null; docker wait $N-s >/dev/null; run --rm --pid container:$N-s box true',
  ],
  '--device, --ulimit, --sysctl: what inspect says, what is seen': [
    'create --name $N --device /dev/null --device /dev/zero:/dev/z:r --ulimit nofile=5:6 --ulimit core=0 --sysctl kernel.msgmax=9000 --sysctl net.ipv4.ip_forward=0 --group-add 5 box true >/dev/null',
    inspect('Devices', 'Ulimits', 'GroupAdd', 'ShmSize', 'Init', 'ReadonlyRootfs'),
    "docker inspect $N --format '{{range $k, $v := .HostConfig.Sysctls}}{{$k}}={{$v}} {{end}}'",
    'run --rm --device /dev/zero:/dev/z:r box sh -c "head -c 3 /dev/z | od -An -tx1; echo x > /dev/z"',
    'mkdir -p nodes; mknod nodes/a c 1 3; mknod nodes/b c 1 5; run --rm --device $PWD/nodes:/dev/nodes box ls /dev/nodes; rm -r nodes',
    'run --rm --ulimit core=0 --ulimit nproc=500:600 --ulimit cpu=10 box sh -c "ulimit -c; ulimit -p; ulimit -t"',
    'run --rm --sysctl kernel.msgmax=9000 box cat /proc/sys/kernel/msgmax',
    'run --rm --sysctl vm.swappiness=9 box true',
    'run --rm --sysctl kernel.hostname=x box true',
    'run --rm --ipc host --sysctl kernel.msgmax=9000 box true',
    'run --rm --sysctl odd box true',
    'create --name $N-i --init box true >/dev/null; docker inspect $N-i --format "{{json .HostConfig.Init}}"',
  ],
  'the files and the mounts that a container gets': [
    'run --rm -h some.host --add-host a:1.2.3.4 --add-host b=::1 box grep -v 00:: /etc/hosts',
    'run --rm --dns 1.2.3.4 --dns 5.6.7.8 --dns-search a.b --dns-option ndots:2 box sort /etc/resolv.conf',
    'run --rm --dns-search . --dns 1.2.3.4 box cat /etc/resolv.conf',
    'run --rm box sh -c "stat -c \'%a %u:%g\' /etc/hosts /etc/hostname /etc/resolv.conf"',
    'run --rm box sh -c "cut -d\' \' -f2,3 /proc/mounts | grep -v interrupts | sort"',
    'run --rm box sh -c "ls -la /dev | awk \'{print \\$1, \\$3, \\$4, \\$NF}\'"',
    'run --rm box sh -c "ls /; cat /proc/1/comm; cat /proc/self/uid_map | tr -s \' \'; cat /proc/self/setgroups"',
    'run --rm box env; run --rm -e PATH=/x box /bin/env; run --rm -u 5 box /bin/env | sort; run --rm -h x -t box env | tr -d "\\r" | sort',
    'run --rm box sh -c "ls /proc/1/fd"; run --rm -i box sh -c "ls /proc/1/fd > /tmp/fd; wc -l < /tmp/fd" </dev/null',
    'run --rm box sh -c "umask; ulimit -c; cat /proc/self/oom_score_adj"',
  ],
}

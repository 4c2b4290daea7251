// Limits: what a container's own control group says, what inspect says, and what update
// changes while it runs. Each file is asked for by the name of either version of cgroups.
import type { Cases } from '../daemon-cases.ts'

const cat = (...files: string[]): string => `cd /sys/fs/cgroup; cat ${files.join(' ')} 2>/dev/null`
const ask = (flags: string, ...files: string[]): string => `run --rm ${flags} box sh -c '${cat(...files)}'`
const look = (...files: string[]): string => `docker exec $N sh -c '${cat(...files)}'`
const inspect = (...names: string[]): string =>
  `docker inspect $N --format '${names.map((name) => `{{json .HostConfig.${name}}}`).join(' ')}'`

const memory = [
  'memory/memory.limit_in_bytes',
  'memory/memory.memsw.limit_in_bytes',
  'memory/memory.soft_limit_in_bytes',
  'memory.max',
  'memory.swap.max',
  'memory.low',
]
const cpu = [
  'cpu/cpu.shares',
  'cpu/cpu.cfs_period_us',
  'cpu/cpu.cfs_quota_us',
  'cpuset/cpuset.cpus',
  'cpuset/cpuset.mems',
  'cpu.weight',
  'cpu.max',
  'cpuset.cpus',
  'cpuset.mems',
]
const pids = ['pids/pids.max', 'pids.max']
const blkio = [
  'blkio/blkio.weight',
  'blkio/blkio.bfq.weight',
  'blkio/blkio.throttle.read_bps_device',
  'blkio/blkio.throttle.write_bps_device',
  'blkio/blkio.throttle.read_iops_device',
  'blkio/blkio.throttle.write_iops_device',
  'io.max',
  'io.weight',
  'io.bfq.weight',
]
const disk = 'disk=/dev/$(lsblk -dnro NAME,TYPE | grep " disk$" | head -1 | cut -d" " -f1)'

export const limitCases: Cases = {
  'limits of memory, in the cgroup': [
    ask('', ...memory),
    ask('-m 64m --memory-swap 96m --memory-reservation 32m', ...memory),
    ask('-m 64m --memory-swap -1', ...memory),
    ask('-m 64m --memory-swappiness 30', 'memory/memory.swappiness'),
    ask('-m 64m --oom-kill-disable', 'memory/memory.oom_control'),
    'create --name $N --memory-swap 64m box true',
    'create --name $N --oom-score-adj 1001 box true; create --name $N --memory-swappiness 101 box true',
    'create --name $N -m 64m --memory-swap -1 --memory-swappiness 30 --oom-kill-disable --oom-score-adj 5 box true 2>&1 | sort',
    inspect('Memory', 'MemorySwap', 'MemorySwappiness', 'OomKillDisable', 'OomScoreAdj'),
  ],
  'limits of the processor, in the cgroup': [
    ask('', ...cpu),
    ask('-c 100 --cpus 0.25', ...cpu),
    ask('--cpu-shares 2000 --cpu-period 50000 --cpu-quota 25000 --cpuset-cpus 0 --cpuset-mems 0', ...cpu),
    'create --name $N --cpuset-cpus odd box true; create --name $N --cpuset-mems 99 box true; create --name $N --cpuset-mems 0-x box true; create --name $N --cpu-quota 5 box true; create --name $N --cpus odd box true',
    'create --name $N -c 100 --cpu-period 50000 --cpu-quota 25000 --cpuset-cpus 0-1 --cpuset-mems 0 box true >/dev/null',
    inspect('CpuShares', 'CpuPeriod', 'CpuQuota', 'CpusetCpus', 'CpusetMems', 'NanoCpus'),
  ],
  'limits of processes and of devices, in the cgroup': [
    ask('--pids-limit 77', ...pids),
    ask('--pids-limit -1', ...pids),
    `${disk}; ${ask('--device-read-bps $disk:1mb --device-write-bps $disk:2mb --device-read-iops $disk:30 --device-write-iops $disk:40', ...blkio)}`,
    'create --name $N-a --device-read-bps /dev/no-such:1mb box true',
    'create --name $N-b --device-write-iops odd box true',
    'create --name $N-d --blkio-weight 5000 box true',
    'run --name $N-w --blkio-weight 500 box true; docker inspect $N-w --format {{.HostConfig.BlkioWeight}}',
    'create --name $N-c --device-read-bps /dev/null:odd box true',
    `${disk}; create --name $N --device-read-bps $disk:1mb --device-write-iops $disk:40 --device-cgroup-rule "c 1:3 r" --pids-limit 9 box true >/dev/null; ${inspect('BlkioDeviceReadBps', 'BlkioDeviceWriteIOps', 'DeviceCgroupRules', 'PidsLimit')} | sed "s|$disk|disk|"`,
    'create --name $N-e --device-cgroup-rule "odd" box true',
    `${ask('--device-cgroup-rule "c 42:* rwm"', 'devices/devices.list')} | sort`,
    'run --rm box sh -c "mknod /n c 42 0 && cat /n"',
  ],
  'update: while it runs': [
    'run -d --name $N -m 64m box sleep 100 >/dev/null',
    'docker update -m 128m --memory-swap 256m $N',
    look(...memory),
    'docker update --memory-reservation 32m -c 300 --cpu-period 20000 --cpu-quota 10000 --cpuset-cpus 0 --cpuset-mems 0 --pids-limit 50 $N',
    look(...memory, ...cpu, ...pids),
    inspect('Memory', 'MemorySwap', 'MemoryReservation', 'CpuShares', 'CpuPeriod', 'CpuQuota', 'PidsLimit'),
    'docker update --restart on-failure:3 $N',
    'docker update --blkio-weight 500 $N',
    inspect('RestartPolicy'),
    'docker update -m 1k $N',
    'docker update -m 512m $N',
    'docker update -m 64m --memory-swap 32m $N',
    'docker update --cpus 0.5 $N',
    'docker update --cpuset-cpus 5000 $N',
    'docker update --restart odd $N',
    'docker update --restart always:3 $N',
    'docker update --pids-limit -1 $N',
    look(...pids),
    'docker update $N-none',
    'docker update -c 200 $N-none',
    'docker update -c 200 $N $N-none',
    'docker update',
    look('cpu/cpu.shares', 'cpu.weight'),
  ],
  'update: --cpus, and of one that does not run': [
    'create --name $N box true >/dev/null; docker update --cpus 0.5 -m 64m --memory-swap 64m $N',
    inspect('NanoCpus', 'Memory', 'MemorySwap'),
    'docker update --cpu-quota 1000 $N',
    'docker update --cpu-period 10000 $N',
    'create --name $N-r --rm box true >/dev/null; docker update --restart always $N-r',
    'docker start -a $N; docker update --cpus 1 $N',
    inspect('NanoCpus'),
  ],
}

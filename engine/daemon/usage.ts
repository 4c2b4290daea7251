// `tockerd --help`.

export const usage = `Usage: tockerd [OPTIONS]

A daemon for containers, with Docker's API: DOCKER_HOST=unix:///run/tocker.sock docker ps

Options:
      --add-runtime list           Another runtime: name=path of runc's kin, or of lxc-start
      --bip string                 Its address and prefix: 10.1.0.1/16
  -b, --bridge string              The interface of the default network; none for a daemon without one
      --cgroup-parent string       Where the cgroups of containers are (default "/tocker")
      --config-file string         Settings, with Docker's names (default "/etc/tocker/daemon.json")
      --data-root string           Where images, containers and volumes are kept (default "/var/lib/tocker")
  -D, --debug                      Say more
      --default-address-pool list  Where networks get their subnets: base=10.10.0.0/16,size=24
      --default-cgroupns-mode string   Of containers that do not say: host or private
      --default-gateway string     Of the default network, when it is not the bridge
      --default-ipc-mode string    Of containers that do not say: private or shareable (default "private")
      --default-runtime string     Of containers that do not say (default "tocker")
      --default-shm-size bytes     Of containers that do not say (default 64M)
      --default-ulimit list        Of containers that do not say: nofile=1024:2048
      --dns list                   Name servers of containers
      --dns-opt list               Options of resolv.conf
      --dns-search list            Domains that names are looked for in
      --exec-root string           What goes with the next boot (default "/run/tockerd")
      --fixed-cidr string          The part of the default network that containers get
      --fixed-cidr-v6 string       The same of IPv6
  -G, --group string               Group that may use the unix socket
  -H, --host list                  Where to listen: unix://, tcp:// or fd:// (default unix:///run/tocker.sock)
      --host-gateway-ip string     What host-gateway means in --add-host
      --icc                        Containers of the default network speak with each other (default true)
      --init                       Run an init in every container that does not say
      --init-path string           That init (default: docker-init or tini, where they are)
      --insecure-registry list     Registries without TLS that is worth the name: host:port, or a network
      --ip string                  Where ports are published that name no address (default "0.0.0.0")
      --ip-forward                 Switch on net.ipv4.ip_forward (default true)
      --ip-masq                    What leaves the host has the host's address (default true)
      --iptables                   Make rules, nft's; without them ports are served by sockets (default true)
      --ipv6                       IPv6 for the default network
      --label list                 For "docker info": key=value
      --live-restore               Containers go on when the daemon ends
      --log-driver string          json-file, local, syslog, journald or none (default "json-file")
  -l, --log-level string           debug, info, warn, error or fatal (default "info")
      --log-opt list               For that log driver: max-size=10m
      --mtu int                    Of the default network's interfaces
      --no-new-privileges          For every container that does not say
  -p, --pidfile string             (default "/run/tockerd.pid")
      --registry-mirror list       Asked before docker.io is
      --seccomp-profile string     A file, or unconfined, in place of the built-in one
      --shutdown-timeout int       Seconds for containers to end in, when the daemon ends; -1: for ever (default 15)
  -s, --storage-driver string      overlay2, btrfs, fuse-overlayfs, devicemapper or vfs
      --storage-opt list           For the storage driver: dm.basesize=10G
      --tls                        TLS on tcp://
      --tlscacert string           Who has signed the certificates of clients
      --tlscert string             The daemon's certificate
      --tlskey string              Its key
      --tlsverify                  TLS, and only clients with a certificate
      --userns-remap string        Whose root the containers' root is: default, or user[:group] with ranges in /etc/subuid
      --validate                   Look at the settings, say whether they are right, and end
  -v, --version                    Print the version
`

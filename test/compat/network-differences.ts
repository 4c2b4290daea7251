// Where tockerd and Debian's dockerd 20.10 differ about networks, line by line, and why.

const gateway = 'the gateway that was chosen is shown, as by newer ones'

export const networkDifferences: Readonly<Record<string, string>> = {
  "docker network inspect $N --format 'Name={{json .Name}}\nScope={{json .Scope}}\nDriver={{json .Driver}}\nEnableIPv6={{json .EnableIPv6}}\nIPAM={{json .IPAM}}\nInternal={{json .Internal}}\nAttachable={{json .Attachable}}\nIngress={{json .Ingress}}'":
    gateway,
  "docker network inspect bridge --format '{{json .IPAM}} {{.Driver}} {{.Internal}} {{json .Labels}}'":
    gateway,
  'docker run --rm --network $N box ip -4 -o addr show eth0':
    'interfaces are made in the sandbox, and counted there',
  'docker run --rm --network $N box ip route': 'an internal network has no way out, as with newer ones',
  'docker run --rm --network $N --ip 10.47.0.9 --mac-address 02:00:00:00:00:09 box ip -o addr show eth0 | grep -o "inet [0-9./]*"':
    'the client asks for API 1.44, which we have',
  'docker run --rm --network $N --mac-address 02:00:00:00:00:09 box cat /sys/class/net/eth0/address':
    'the client asks for API 1.44, which we have',
  'docker run --rm --add-host a:10.0.0.1 --dns 10.0.0.2 --dns-search s.example --dns-option ndots:3 box sh -c "cat /etc/resolv.conf; grep 10.0.0.1 /etc/hosts"':
    'name servers stand first, as with newer ones',
  'docker run --rm box sh -c "head -6 /etc/hosts"': 'fe00:: in place of fe00::0, as with newer ones',
  'docker run --rm -p 4001:80 box true': 'ours says who has the port',
  'docker network connect bridge $N-b': 'refused, although it does not run: it never could',
}

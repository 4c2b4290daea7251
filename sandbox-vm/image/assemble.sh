#!/bin/sh
# Turns the unpacked packages into what QEMU boots: kernel, initramfs, disk.
#
#   assemble.sh ROOTFS.tar NODE GUEST_DIR OUT_DIR DISK_MB UUID
#
# Runs as root, or as root of a user namespace (build.ts decides); works in
# OUT_DIR alone. SOURCE_DATE_EPOCH is set: the same input gives the same bytes.
set -eu
tar=$1 node=$2 guest=$3 out=$4 megabytes=$5 uuid=$6
say() { echo "step: $*"; }
cd "$out"
rm -rf root initramfs
mkdir root initramfs

say unpacking
# No device nodes: a user namespace may not make them, and devtmpfs brings them at boot.
tar -C root -xf "$tar" --exclude='./dev/*' --numeric-owner

say installing guest files
install -m 755 "$node" root/usr/local/bin/node
install -m 755 "$guest/lab-init" root/sbin/lab-init
install -m 644 "$guest/sshd_config" root/etc/ssh/sshd_config
rm -f root/etc/ssh/ssh_host_* root/etc/machine-id root/var/log/*.log root/var/log/apt/*
rm -rf root/var/cache/apt/* root/var/lib/apt/lists/*
echo lab > root/etc/hostname
printf '127.0.0.1 localhost lab\n::1 localhost\n' > root/etc/hosts
printf 'nameserver 10.0.2.3\n' > root/etc/resolv.conf
sed -i 's,^root:[^:]*:,root:*:,' root/etc/shadow

# Versions differ with the day of the mirror: this says what this image has.
chroot root dpkg-query -W > packages.txt

say collecting drivers
kernel=$(ls root/lib/modules)
cp root/boot/vmlinuz-* vmlinuz
mkdir -p initramfs/bin initramfs/modules initramfs/new initramfs/proc initramfs/dev initramfs/keys
cp root/bin/busybox initramfs/bin/
install -m 755 "$guest/initramfs-init" initramfs/init
for module in virtio_pci virtio_blk ext4; do
  chroot root modprobe --show-depends -S "$kernel" "$module"
done | while read -r verb path _; do
  [ "$verb" = insmod ] || continue
  name=$(basename "$path")
  [ -e "initramfs/modules/$name" ] && continue
  cp "root/$path" initramfs/modules/
  echo "$name" >> initramfs/modules/order
done
rm -rf root/boot/* root/initrd* root/vmlinuz*
for tree in root initramfs; do
  find "$tree" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
done
(cd initramfs && find . | LC_ALL=C sort | cpio -o -H newc --quiet --reproducible) | gzip -n -1 > initrd.gz

say writing the disk
truncate -s "${megabytes}M" root.ext4
# A journal protects against power cuts; this disk is thrown away at every reset.
E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mke2fs -q -t ext4 -O '^has_journal' -U "$uuid" -E "hash_seed=$uuid,lazy_itable_init=1,root_owner=0:0" -m 0 -L lab -d root root.ext4
rm -rf root initramfs

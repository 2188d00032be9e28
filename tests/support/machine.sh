#!/bin/bash
# Boots systemd as the first process of a machine that is made of this one's files: what it writes stays in memory, and
# is gone with it. Needs root. It starts nothing but what a service needs.
#
#   machine.sh DIRECTORY BINARY UNITS    DIRECTORY is empty; becomes a parent of systemd
set -euo pipefail
dir=$1 binary=$2 units=$3

groups=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
group=$groups/vapisync-$(basename "$dir")
mkdir "$group"
echo $$ >"$group/cgroup.procs"

inside() {
  mount -t tmpfs tmpfs "$dir"
  mkdir "$dir/upper" "$dir/work" "$dir/root"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$dir/upper,workdir=$dir/work" "$dir/root"
  cd "$dir/root"

  cp "$binary" usr/bin/vapisync
  cp "$units"/*.service etc/systemd/system/
  mkdir -p etc/vapisync etc/credstore etc/systemd/system/vapisync.service.d
  rm -rf etc/systemd/system/*.wants lib/systemd/system/{sysinit,local-fs,sockets,timers}.target.wants/* etc/machine-id
  : >etc/machine-id
  : >etc/fstab
  ln -sf /lib/systemd/system/systemd-journald.service lib/systemd/system/sysinit.target.wants/
  printf '[Unit]\nRequires=sysinit.target basic.target\nAfter=basic.target\n' >etc/systemd/system/machine.target

  mount -t proc proc proc
  mount -o bind proc/sys proc/sys
  mount -o remount,ro,bind proc/sys
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs -o mode=755 tmpfs run
  mount -t tmpfs -o mode=1777 tmpfs tmp
  mount -t tmpfs -o mode=755 tmpfs dev
  local device
  for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
  done
  mkdir dev/pts dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
  ln -s pts/ptmx dev/ptmx
  mount -t tmpfs tmpfs dev/shm

  mkdir .old
  pivot_root . .old
  umount -l /.old
  cd /
  # Systemd makes credentials in a place of its own, and moves them here.
  mount --make-rshared /
  exec env -i container=vapisync PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=machine.target --log-target=console --log-level=warning --show-status=no
}

export -f inside
export dir binary units
exec unshare --pid --fork --kill-child --mount --uts --ipc --cgroup --propagation private bash -euc inside

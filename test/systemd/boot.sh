#!/usr/bin/env bash
# Boots the host's systemd as PID 1 of namespaces of its own, over a copy of the
# host's files that is thrown away: boot.sh FOLDER CGROUP. FOLDER/files is laid
# over the root, FOLDER/mask names units that a container has no use for.
set -euo pipefail
folder=$1 cgroup=$2
mkdir -p "$folder/upper" "$folder/root" "$cgroup"
echo $$ > "$cgroup/cgroup.procs"
export folder
exec unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup --propagation private bash -euo pipefail -c '
root=$folder/root
mount -t tmpfs tmpfs "$folder/upper"
mkdir "$folder/upper/files" "$folder/upper/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper/files,workdir=$folder/upper/work" "$root"
mount -t proc proc "$root/proc"
# The kernel settings are those of the host: systemd would change some.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
if [ -e "$root/proc/sysrq-trigger" ]; then
  mount --bind "$root/proc/sysrq-trigger" "$root/proc/sysrq-trigger"
  mount -o remount,bind,ro "$root/proc/sysrq-trigger"
fi
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
while read -r name major minor; do
  mknod -m 666 "$root/dev/$name" c "$major" "$minor"
done <<<"null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
kmsg 1 11
kvm 10 232"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -p "$root/etc/systemd/system"
while read -r unit; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done < "$folder/mask"
: > "$root/etc/fstab"
rm -f "$root/etc/machine-id"
echo 0123456789abcdef0123456789abcdef > "$root/etc/machine-id"
cp -a "$folder/files/." "$root/"
mount -t tmpfs tmpfs "$root/tmp"
cd "$root"
mkdir -p .old
pivot_root . .old
mount --make-rprivate /
umount -l /.old
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=test TERM=dumb /lib/systemd/systemd \
  --log-target=journal systemd.unit=multi-user.target </dev/null'

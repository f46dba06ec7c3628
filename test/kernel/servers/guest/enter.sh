# The first program of the guest: puts the disk with the servers under everything and goes on there. busybox ash.
/bin/busybox mkdir -p /proc /sys /dev /disk
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
for name in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk; do
	[ ! -e "/modules/$name.ko" ] || /bin/busybox insmod "/modules/$name.ko"
done
/bin/busybox mount -t ext4 -o noatime /dev/vda /disk
/bin/busybox mkdir -p /disk/mnt /disk/boot
/bin/busybox mount -t tmpfs tmpfs /disk/mnt
/bin/busybox cp /servers/* /disk/mnt/
[ ! -d /boot ] || /bin/busybox cp /boot/* /disk/boot/
for directory in proc sys dev; do
	/bin/busybox mount -o move "/$directory" "/disk/$directory"
done
exec /bin/busybox chroot /disk /bin/bash /mnt/main.sh "$@"

# Bootable disk images, without mounts or loop devices. Sourced by make.
# Partition 1 (FAT) holds SYSLINUX, the kernel and the initramfs; partition 2 (ext4) is the root.
# SYSLINUX, because GRUB moves the kernel byte by byte, which costs seconds under emulation.

fat_mb=40 disk_mb=200
kernel_arguments='root=/dev/vda2 rw console=tty0 console=ttyS0 quiet mitigations=off random.trust_cpu=on net.ifnames=0'

make_tiny() { disk_image tiny.qcow2 0 0; }
make_tiny_menu() { disk_image tiny-menu.qcow2 1 100; } # waits ten seconds at «boot:» for somebody to type

disk_image() { # FILE PROMPT TIMEOUT: PROMPT 1 shows «boot:», TIMEOUT is in tenths of a second (0: none)
	local file=$1 tree=$work/unpacked raw=$work/disk.raw fat=$work/fat ext=$work/ext part
	[ -d "$tree" ] || { mkdir "$tree"; tar -C "$tree" -xf "$cache/rootfs.tar"; }
	cat > "$tree/boot/syslinux.cfg" <<-EOF
		SERIAL 0 115200
		DEFAULT tiny
		PROMPT $2
		TIMEOUT $3
		LABEL tiny
		  LINUX vmlinuz
		  INITRD initrd.gz
		  APPEND $kernel_arguments
	EOF
	rm -f "$raw" "$fat" "$ext"
	truncate -s "${disk_mb}M" "$raw"
	sfdisk -q "$raw" <<-EOF
		label: dos
		start=2048, size=$((fat_mb * 2048)), type=0c, bootable
		start=$((fat_mb * 2048 + 2048)), type=83
	EOF
	truncate -s "${fat_mb}M" "$fat"
	mkfs.vfat -F 16 -h 2048 "$fat" >/dev/null
	for part in "$tree"/boot/*; do mcopy -i "$fat" "$part" "::${part##*/}"; done
	syslinux --install "$fat"
	truncate -s "$((disk_mb - fat_mb - 1))M" "$ext"
	mkfs.ext4 -q -F -L root -m 0 -d "$tree/root" "$ext"
	dd if=/usr/lib/SYSLINUX/mbr.bin of="$raw" bs=440 count=1 conv=notrunc status=none
	dd if="$fat" of="$raw" bs=1M seek=1 conv=notrunc,sparse status=none
	dd if="$ext" of="$raw" bs=1M seek=$((fat_mb + 1)) conv=notrunc,sparse status=none
	qemu-img convert -O qcow2 "$raw" "$work/$file"
}

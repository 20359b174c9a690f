# The installer ISO: at its «boot:» prompt one types «install url=http://…»; it fetches that script and runs it. Sourced by make.

make_installer() {
	local tree=$work/iso modules=$work/installer-modules
	mkdir -p "$tree/isolinux" "$modules"
	tar -C "$work" -xf "$cache/rootfs.tar" ./modules ./boot/vmlinuz ./root/usr/bin/busybox
	initramfs "$here/guest/installer-init" "$work/root/usr/bin/busybox" "$work/modules" \
		"$here/guest/tiny-install" "$here/guest/udhcpc.sh" > "$tree/isolinux/initrd.gz"
	cp "$work/boot/vmlinuz" "$tree/isolinux/vmlinuz"
	qemu-img convert -O raw "$cache/tiny.qcow2" "$work/tiny.raw"
	gzip -1 -c "$work/tiny.raw" > "$tree/disk.gz"
	cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$tree/isolinux/"
	cat > "$tree/isolinux/isolinux.cfg" <<-EOF
		SERIAL 0 115200
		DEFAULT install
		PROMPT 1
		TIMEOUT 600
		LABEL install
		  LINUX vmlinuz
		  INITRD initrd.gz
		  APPEND console=tty0 console=ttyS0 quiet mitigations=off random.trust_cpu=on net.ifnames=0
	EOF
	xorriso -as mkisofs -quiet -V TINYINST -J -r -o "$work/tiny-installer.iso" -b isolinux/isolinux.bin \
		-c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table "$tree" 2>/dev/null
}

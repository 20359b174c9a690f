# The guest's root file system, kernel and initramfs, packed as rootfs.tar (root/, boot/, modules/). Sourced by make.

# What the guest loads before it mounts its disk, and what it loads when the disk is not a virtio one or when it
# installs. Modules that the kernel has built in are skipped.
boot_modules=(virtio_pci virtio_blk virtio_net virtio_rng ext4 button)
other_modules=(virtio_scsi virtio_console ata_piix ahci sd_mod sr_mod isofs vfat nls_ascii nls_cp437 nls_utf8 e1000 floppy)

make_rootfs() {
	local tree=$work/tree
	mkdir -p "$tree"/{root,boot,modules}
	unpack_packages "$tree/root"
	take_kernel "$tree/root" "$tree/boot" "$tree/modules"
	trim "$tree/root"
	configure "$tree/root"
	initramfs "$here/guest/init" "$tree/root/usr/bin/busybox" "$tree/modules" > "$tree/boot/initrd.gz"
	tar -C "$tree" -cf "$work/rootfs.tar" .
}

unpack_packages() { # ROOT
	local root=$1 directory deb
	for directory in bin sbin lib lib64; do
		mkdir -p "$root/usr/$directory"; ln -s "usr/$directory" "$root/$directory"
	done
	fetch_packages > "$work/debs"
	while read -r deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$root" -x --keep-directory-symlink --exclude='./usr/share/*' \
			--exclude='./usr/lib/*/gconv' --exclude='*/perl*' --exclude='./lib/systemd' --exclude='./usr/lib/systemd' \
			--exclude='./lib/udev' --exclude='./usr/lib/udev'
	done < "$work/debs"
}

take_kernel() { # ROOT BOOT MODULES: moves the kernel out of the root and picks the modules, in loading order
	local root=$1 boot=$2 modules=$3 version
	version=$(basename "$root"/boot/vmlinuz-*); version=${version#vmlinuz-}
	install -m 644 "$root/boot/vmlinuz-$version" "$boot/vmlinuz"
	depmod -b "$root" "$version"
	take_modules "${boot_modules[@]}" > "$modules/boot"
	take_modules "${other_modules[@]}" > "$modules/other"
	rm -rf "$root"/boot/* "$root"/usr/lib/modules
}

# take_modules MODULE...: copies them and what they need into $modules and names them in loading order.
take_modules() {
	local line file module
	for module; do
		modprobe -d "$root" -S "$version" --show-depends "$module" 2>/dev/null || :
	done | while read -r line file _; do
		[ "$line" = insmod ] || continue
		file=$root/${file#"$root"}; module=$(basename "$file"); module=${module%%.*}
		[ ! -e "$modules/$module.ko" ] || continue
		case $file in
		*.xz) xz -dc "$file" ;;
		*.zst) zstd -qdc "$file" ;;
		*) cat "$file" ;;
		esac > "$modules/$module.ko"
		echo "$module"
	done
}

trim() { # ROOT: what only package maintainer scripts would need
	rm -rf "$1"/etc/{apt,cron*,init.d,rc?.d,systemd,udev,kernel,logcheck,ufw} "$1"/var/{cache,lib}/* "$1"/usr/include
}

configure() { # ROOT
	local root=$1 applet password home service
	for applet in $("$root/usr/bin/busybox" --list); do
		[ -e "$root/usr/bin/$applet" ] || [ -e "$root/usr/sbin/$applet" ] || ln -s busybox "$root/usr/bin/$applet"
	done
	ln -sf ../bin/busybox "$root/usr/sbin/init"
	mkdir -p "$root"/{proc,sys,dev,run,tmp,mnt,root/.ssh,home/packer/.ssh,var/{log,empty,tmp},etc/{pam.d,ssh,sudoers.d}}
	chmod 1777 "$root"/tmp "$root"/var/tmp; chmod 700 "$root"/root "$root"/root/.ssh "$root"/home/packer/.ssh

	password=$(openssl passwd -6 -salt testbed packer)
	cat > "$root/etc/passwd" <<-EOF
		root:x:0:0:root:/root:/bin/bash
		sshd:x:100:65534::/run/sshd:/bin/false
		packer:x:1000:1000::/home/packer:/bin/bash
		nobody:x:65534:65534::/:/bin/false
	EOF
	printf '%s:19000::::::\n' "root:$password" "packer:$password" 'sshd:*' 'nobody:*' > "$root/etc/shadow"
	chmod 600 "$root/etc/shadow"
	printf '%s\n' root:x:0: tty:x:5: sudo:x:27:packer packer:x:1000: nogroup:x:65534: > "$root/etc/group"
	printf 'packer ALL=(ALL) ALL\n' > "$root/etc/sudoers.d/packer"; chmod 440 "$root/etc/sudoers.d/packer"
	for service in sudo sudo-i login sshd other; do
		printf '%s required pam_unix.so\n' auth account password session > "$root/etc/pam.d/$service"
	done
	printf 'hosts: files dns\npasswd: files\ngroup: files\nshadow: files\n' > "$root/etc/nsswitch.conf"
	printf 'tiny\n' > "$root/etc/hostname"
	printf '127.0.0.1 localhost tiny\n' > "$root/etc/hosts"
	printf '/bin/sh\n/bin/bash\n' > "$root/etc/shells"
	printf 'NAME="Karat tiny guest"\nID=tiny\n' > "$root/etc/os-release"
	: > "$root/etc/resolv.conf"

	for home in root home/packer; do install -m 600 "$cache/id_ed25519.pub" "$root/$home/.ssh/authorized_keys"; done
	chown -R 1000:1000 "$root/home/packer"
	rm -f "$root"/etc/ssh/ssh_host_*
	ssh-keygen -q -t ed25519 -N '' -C tiny -f "$root/etc/ssh/ssh_host_ed25519_key"
	ssh-keygen -q -t rsa -b 2048 -N '' -C tiny -f "$root/etc/ssh/ssh_host_rsa_key"
	install -m 644 "$here/guest/sshd_config" "$root/etc/ssh/sshd_config"
	install -m 644 "$here/guest/inittab" "$root/etc/inittab"
	install -m 755 "$here/guest/rcS" "$here/guest/udhcpc.sh" "$root/etc/"
	rm -f "$root"/{,usr/}{bin,sbin}/poweroff
	install -m 755 "$here/guest/poweroff" "$root/usr/sbin/poweroff"
	ldconfig -r "$root"
}

# initramfs INIT BUSYBOX MODULES [FILE...]: a gzipped initramfs on stdout; FILEs go to its /bin.
initramfs() {
	local tree applet; tree=$(mktemp -d "$work/initramfs.XXXXXX")
	mkdir -p "$tree"/{bin,dev,proc,sys,etc,modules,root}
	install -m 755 "$1" "$tree/init"
	install -m 755 "$2" "$tree/bin/busybox"
	for applet in $("$2" --list); do [ "$applet" = busybox ] || ln -s busybox "$tree/bin/$applet"; done
	cp "$3"/* "$tree/modules/"
	shift 3; [ $# = 0 ] || install -m 755 "$@" "$tree/bin/"
	(cd "$tree" && find . | cpio -o -H newc --quiet -R 0:0) | gzip -1
}

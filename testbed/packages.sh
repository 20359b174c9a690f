# Which packages a guest is made of, and how they come here. Sourced by make.

guest_packages=(busybox-static bash openssh-server openssh-client openssh-sftp-server sudo tar libpam-modules)

kernel_package() {
	case $(. /etc/os-release; echo "$ID") in
	ubuntu) echo linux-image-virtual ;;
	*) echo linux-image-cloud-amd64 ;;
	esac
}

# closure PACKAGE...: NAME=VERSION of each package and of all it depends on, as if nothing were installed.
closure() {
	apt-get -qq -s -o Dir::State::status="$work/empty-status" -o APT::Get::Show-User-Simulation-Note=false \
		--no-install-recommends install "$@" | sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p'
}

# The exact packages of the guest: the closure of guest_packages, and of the kernel only its image and modules.
resolve_packages() {
	: > "$work/empty-status"
	apt-cache show busybox-static >/dev/null 2>&1 || as_root apt-get -qq update >&2
	{ closure "${guest_packages[@]}"; closure "$(kernel_package)" | grep -E '^linux-(image|modules)-[0-9]'; } | sort -u
}

as_root() { if [ -w /var/lib/apt/lists ] && [ -z "${FAKEROOTKEY:-}" ]; then "$@"; else sudo "$@"; fi; }

# deb_file NAME=VERSION: the file name that apt-get download gives it (an epoch's colon is written %3a).
deb_file() { printf '%s' "${1%%=*}_${1#*=}_" | sed 's/:/%3a/g'; }

download() { (cd "$cache/debs" && apt-get -qq -o APT::Sandbox::User=root download "$@" >&2); }

# The mirror may have dropped a version that this machine's lists still name.
start_again_with_new_lists() {
	[ -z "${KARAT_TESTBED_NEW_LISTS:-}" ] || { say "the packages cannot be downloaded"; exit 1; }
	say "updating the package lists"
	as_root apt-get -qq update >&2
	rm -rf "$work"
	KARAT_TESTBED_NEW_LISTS=1 exec "$here/make" "${targets[@]}" >&2
}

# fetch_packages: puts every resolved package into the cache and names the files.
fetch_packages() {
	local package missing=()
	mkdir -p "$cache/debs"
	while read -r package; do
		compgen -G "$cache/debs/$(deb_file "$package")*.deb" >/dev/null || missing+=("$package")
	done < "$work/packages"
	[ ${#missing[@]} = 0 ] || download "${missing[@]}" || start_again_with_new_lists
	while read -r package; do
		compgen -G "$cache/debs/$(deb_file "$package")*.deb" | head -n 1
	done < "$work/packages"
}

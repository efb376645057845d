# SPDX-License-Identifier: GPL-2.0
# tests/lab/lib.sh: the lab's targets and places; sourced by the scripts beside it.
# shellcheck shell=sh disable=SC2034 # POSIX sh and bash; what sources it uses them

lab_dir=${LAB_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dmabuf-tools/lab}
src=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
lab_targets="6.1 6.12 7.x"
lab_rt_targets="6.12-rt 7.x-rt"	# of make check-long
lab_arm64_targets="6.12-arm64 6.12-arm64-16k"	# 16 KiB pages: of make check-long
# And debug, of make check-debug-kernel

# What the console shows when the kernel, or one of the debug kernel's checkers, found a bug.
# Most lines of lockdep begin with WARNING: or BUG:, some do not.
kernel_reports='WARNING:|BUG:|kernel BUG at|UBSAN:|KASAN:|KCSAN:|Oops|Kernel panic|general protection fault'
kernel_reports="$kernel_reports|invalid opcode|unable to handle|divide error|INFO: task .* blocked"
kernel_reports="$kernel_reports|rcu:.*(stall|starved)|soft lockup|hard LOCKUP|corruption|refcount_t:"
kernel_reports="$kernel_reports|DMA-API:|DEBUG_LOCKS_WARN|unchecked MSR|possible circular locking"
kernel_reports="$kernel_reports|possible recursive locking|lock inversion|inconsistent lock state"
kernel_reports="$kernel_reports|invalid wait context|bad unlock balance|held lock freed|locks? held when"
kernel_reports="$kernel_reports|suspicious RCU usage|sleeping function called|scheduling while atomic"
kernel_reports="$kernel_reports|ODEBUG:|unreferenced object|suspected memory leaks|kmemleak: (Cannot|Trying|Freeing)"

die() { echo "${0##*/}: $*" >&2; exit 125; }

# The suite whose tree a target lives in.
suite_of()
{
	case $1 in
	6.1) echo bookworm ;;
	6.12 | 7.x | 6.12-rt | 7.x-rt | debug) echo trixie ;;
	6.12-arm64*) echo trixie-arm64 ;;
	*) echo "${0##*/}: no target '$1'; there are: $lab_targets $lab_rt_targets $lab_arm64_targets debug" >&2; exit 2 ;;
	esac
}

# The layer above the tree that a target's kernel is in, which tests/lab/layer makes, or nothing.
layer_of()
{
	case $1 in
	debug) echo debug ;;
	*-rt) echo rt ;;
	esac
}

# The release of a target's kernel: the newest 6.12.* or 7.* of its tree or layer.
kernel_of() # TARGET TREE
{
	local release version=${1%%-*} tree=$2 flavour=''
	version=${version%.x}.
	[ "$1" = "${1#*-arm64}" ] || flavour=-${1#*-}
	[ -z "$(layer_of "$1")" ] || tree=$lab_dir/$(layer_of "$1")
	[ "$1" != debug ] || version=''
	release=$(cd "$tree/lib/modules" && printf '%s\n' "$version"*"$flavour" | sort -V | tail -n1)
	[ -d "$tree/lib/modules/$release" ] ||
		die "no kernel for $1 in $tree: remove $tree/.stamp to make it again"
	echo "$release"
}

# As root: write SUITE's apt sources to $lab_dir/TREE.list, with the mirrors of this machine's
# own apt, and that apt's settings to $lab_dir/TREE.aptconf.
apt_sources() # SUITE TREE
{
	local debian security
	[ -n "$(mirror Debian)" ] || apt-get -q update >&2
	debian=$(mirror Debian) security=$(mirror Debian-Security)
	[ -n "$debian" ] ||
		{ echo "${0##*/}: no Debian mirror in this machine's apt sources: add one and run apt-get update" >&2; exit 1; }
	apt-config dump | grep -E '^Acquire::(http|https|Check-)' >"$lab_dir/$2.aptconf" || true
	{
		echo "deb $debian $1 main"
		echo "deb $debian $1-updates main"
		[ -z "$security" ] || echo "deb $security $1-security main"
		[ "$1" = bookworm ] || echo "deb $debian $1-backports main"
	} >"$lab_dir/$2.list"
}

mirror()
{
	apt-get indextargets --format '$(LABEL) $(REPO_URI)' 2>/dev/null |
		sed -n "s/^$1 //p" | head -n1
}

# SPDX-License-Identifier: GPL-2.0
# tests/lab/lib.sh: the lab's targets and places. The scripts beside it source it.
# shellcheck shell=sh disable=SC2034,SC2120 # POSIX sh and bash; the sourcing scripts use the variables

lab_dir=${LAB_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dmabuf-tools/lab}
src=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")

# The console's lines if the kernel, or a checker of the debug kernel, found a bug.
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

# Print COLUMN of each row of the table that has each VALUE, in the table's order.
rows() # COLUMN [COLUMN=VALUE...]
{
	local column=$1
	shift
	awk -v column="$column" -v wanted="$*" '
		BEGIN { n = split(wanted, want, " ") }
		/^#/ || !NF { next }
		!head { for (i = 1; i <= NF; i++) at[$i] = i; head = 1; next }
		{
			for (i = 1; i <= n; i++) {
				split(want[i], pair, "=")
				if ($at[pair[1]] "" != pair[2])
					next
			}
			print $at[column]
		}' "$src/tests/lab/targets"
}

# Print the names of the targets whose row has each VALUE, in the table's order.
targets() # [COLUMN=VALUE...]
{
	rows name "$@"
}

# Print the name of the first target, the default of tests/lab/run.
first_target()
{
	targets | head -n1
}

# Print the value of COLUMN in TARGET's row, or nothing for "-". Exit if no row has that name.
target() # TARGET COLUMN
{
	local value
	value=$(rows "$2" "name=$1")
	[ -n "$value" ] || { echo "${0##*/}: no target '$1' ($(targets | tr '\n' ' '))" >&2; exit 2; }
	[ "$value" = - ] || echo "$value"
}

# Print the suites of TARGETs, each once.
suites() # TARGET...
{
	local one
	for one in "$@"; do
		target "$one" suite || return
	done | sort -u
}

# Print the release of a target's kernel in its tree or layer: the row's, else the newest release of
# the same version and flavour.
kernel_of() # TARGET TREE
{
	local pinned layer modules=$2/lib/modules version='' release
	pinned=$(target "$1" kernel) && layer=$(target "$1" layer) || exit
	[ -z "$layer" ] || modules=$lab_dir/$layer/lib/modules
	[ ! -d "$modules/$pinned" ] || { echo "$pinned"; return; }
	case $1 in
	[0-9]*) version=${1%%-*} version=${version%.x}. ;;
	esac
	release=$(cd "$modules" && printf '%s\n' "$version"* |
		grep -xE "[^-]*(-[0-9]+)*$(flavour "$pinned")" | sort -V | tail -n1) || :
	[ -n "$release" ] || die "$1: no kernel in $modules; remove ${modules%/lib/modules}/.stamp"
	echo "$release"
}

# Print the suffix of a RELEASE after the digits, as -amd64 or -rt-amd64.
flavour() # RELEASE
{
	echo "$1" | sed 's/^[^-]*\(-[0-9]*\)*\(-[a-z].*\)$/\2/'
}

# Print a line for each kernel of the targets whose row has each VALUE: the suite that it comes from, its
# packages, and the newest's, which a mirror has that dropped the pinned ones; commas between packages.
kernel_packages() # COLUMN=VALUE...
{
	local name from release
	for name in $(targets "$@"); do
		from=$(target "$name" from) release=$(target "$name" kernel)
		echo "${from%/*} linux-image-$release,linux-headers-$release ${from#*/},linux-headers-${from##*linux-image-}"
	done
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

# SPDX-License-Identifier: GPL-2.0
# tests/lab/lib.sh: the lab's targets and places; sourced by the scripts beside it.
# shellcheck shell=sh disable=SC2034 # POSIX sh and bash; what sources it uses them

lab_dir=${LAB_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dmabuf-tools/lab}
src=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
lab_targets="6.1 6.12 7.x"

die() { echo "${0##*/}: $*" >&2; exit 125; }

# The suite whose tree a target lives in.
suite_of()
{
	case $1 in
	6.1) echo bookworm ;;
	6.12 | 7.x) echo trixie ;;
	*) echo "${0##*/}: no target '$1'; there are: $lab_targets" >&2; exit 2 ;;
	esac
}

# The release of a target's kernel: the newest 6.12.* or 7.* of its tree.
kernel_of() # TARGET TREE
{
	local release
	release=$(cd "$2/lib/modules" && printf '%s\n' "${1%.x}".* | sort -V | tail -n1)
	[ -d "$2/lib/modules/$release" ] ||
		die "no kernel for $1 in $2: remove $2/.stamp to make it again"
	echo "$release"
}

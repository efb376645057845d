# SPDX-License-Identifier: GPL-2.0
# tests/lab/lib.sh: the lab's targets and places; sourced by the scripts beside it.

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
	release=$(ls "$2/lib/modules" | grep "^${1%x}" | grep "^${1%%.*}\.[0-9]" |
		grep -E "^${1%x}[.0-9]" | sort -V | tail -n1)
	[ -n "$release" ] || die "no kernel for $1 in $2: remove $2/.stamp to make it again"
	echo "$release"
}

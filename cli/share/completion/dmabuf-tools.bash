# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# bash completion of dmabuf-top and dmabuf-trace. Options come from --help, and values from
# --list-values, which prints a value on each line, or the kind of argument in capitals.

# Print the values of an option, one word a line; or a kind of word in capitals, for compgen.
_dmabuf_values() # OPTION COMMAND...
{
	local option=$1 values
	shift
	values=$("$@" --list-values="$option" 2>/dev/null)
	case $option:$values in
	-G:* | --cgroup:*) (cd /sys/fs/cgroup 2>/dev/null && find . -maxdepth 3 -type d | sed -n 's,^\./,/,p') ;;
	*:COLUMN*) "$@" --list-columns 2>/dev/null | awk 'NR > 1 { print $2 }' | sort -u ;;
	*:PID*) ps -e -o pid= ;;
	*:USER) echo USER ;;
	*:FILE | *:PATH) echo FILE ;;
	*:[a-z]*) echo "$values" ;;
	esac
}

_dmabuf()
{
	local command=("${COMP_WORDS[0]}") cur=${COMP_WORDS[COMP_CWORD]} prev='' option='' values head='' at=$COMP_CWORD i word
	local help words=()
	COMPREPLY=()

	# bash takes "--source=bpf:iter" for five words
	[ "$at" -lt 1 ] || prev=${COMP_WORDS[at - 1]}
	if [ "$cur" = : ] && [ "$at" -gt 2 ]; then
		cur=$prev: at=$((at - 1)) prev=${COMP_WORDS[at - 1]}
	elif [ "$prev" = : ] && [ "$at" -gt 3 ]; then
		cur=${COMP_WORDS[at - 2]}:$cur prev=${COMP_WORDS[at - 3]} at=$((at - 2))
	fi
	if [ "$cur" = = ]; then
		option=$prev cur=''
	elif [ "$prev" = = ]; then
		option=${COMP_WORDS[at - 2]}
	elif [[ $prev = -[a-zA-Z] ]]; then
		option=$prev
	fi

	if [ "${command[0]##*/}" = dmabuf-trace ]; then
		[ "$COMP_CWORD" -gt 1 ] || {
			mapfile -t words < <("${command[0]}" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
			words+=(--help --version)
			mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$cur")
			return
		}
		command+=("${COMP_WORDS[1]}")
	fi
	# The command to run has its own completion.
	for ((i = 1; i < COMP_CWORD; i++)); do
		[ "${COMP_WORDS[i]}" = -- ] || continue
		if declare -F _command_offset >/dev/null; then
			_command_offset $((i + 1))
		elif [ $((i + 1)) = "$COMP_CWORD" ]; then
			mapfile -t COMPREPLY < <(compgen -c -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi
		return
	done

	if [ -n "$option" ]; then
		values=$(_dmabuf_values "$option" "${command[@]}")
		case $values in
		FILE) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
		USER) mapfile -t COMPREPLY < <(compgen -u -- "$cur"); return ;;
		?*)
			# The next value follows a comma.
			[[ $cur != *,* ]] || head=${cur%,*},
			mapfile -t COMPREPLY < <(compgen -P "$head" -W "$values" -- "${cur##*,}")
			# For bash, a word also begins after the colon of bpf:iter.
			[[ $COMP_WORDBREAKS != *:* || $cur != *:* ]] || for i in "${!COMPREPLY[@]}"; do
				COMPREPLY[i]=${COMPREPLY[i]#"${cur%:*}":}
			done
			return ;;
		esac
		# After an option without a value, such as -b, an option or a word follows.
		[[ $option = -[a-zA-Z] ]] || return
	fi
	if [[ $cur = -* ]]; then
		help=$("${command[@]}" --help 2>/dev/null | grep '^ *-')
		while read -r word; do
			case $word in
			*'[=') words+=("${word%'[='}" "${word%'[='}=") ;;
			*) words+=("$word") ;;
			esac
		done < <(grep -oE -- '(^|[ ,])--[a-z][a-z-]*(\[?=)?' <<<"$help" | tr -d ' ,' | sort -u)
		mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$cur")
		[[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
		return
	fi
	case ${command[1]-} in
	diff) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	stat | live | leaks) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
	esac
}
complete -F _dmabuf dmabuf-top dmabuf-trace

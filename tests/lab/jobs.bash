# SPDX-License-Identifier: GPL-2.0
# tests/lab/jobs.bash: when the jobs of make check run. tests/lab/check sources it and sets $logs.
# Each job has a log, $logs/NAME.log, and a line in $logs/jobs when it ends: NAME, its seconds, its
# exit status, with tabs between. $logs/started has the name of each job that began.
# shellcheck shell=bash disable=SC2154 # logs: of check

cpus=${JOBS:-$(nproc)}	# how many at once

say() { printf '\n== %s\n' "$*"; }

# Append the job's line to $logs/jobs and return its status.
ended() # NAME START STATUS
{
	printf '%s\t%s\t%s\n' "$1" $((EPOCHSECONDS - $2)) "$3" >>"$logs/jobs"
	return "$3"
}

# Run COMMAND now, with its output on the terminal, too. Return its status.
step() # NAME COMMAND...
{
	local name=$1 start=$EPOCHSECONDS
	shift
	echo "$name" >>"$logs/started"
	"$@" </dev/null 2>&1 | tee -a "$logs/$name.log"
	ended "$name" "$start" "${PIPESTATUS[0]}"
}

# Start COMMAND as soon as a CPU has nothing to do; a VM keeps less than one busy. Its output comes when
# it has ended, in one piece. A job that mostly waits takes no CPU's place: idle has its process.
idle=none
job() # NAME COMMAND...
{
	local name=$1 start status
	shift
	while [ "$(jobs -pr | grep -cvx "$idle")" -ge "$cpus" ]; do
		wait -n || :
	done
	echo "$name" >>"$logs/started"
	printf '== %s: started; log: %s\n' "$name" "$logs/$name.log"
	{
		start=$EPOCHSECONDS status=0
		"$@" </dev/null >"$logs/$name.log" 2>&1 || status=$?
		ended "$name" "$start" "$status" || :
		exec 9>"$logs/lock"
		flock 9
		say "$name: exit status $status after $((EPOCHSECONDS - start)) s"
		cat "$logs/$name.log"
	} &
}

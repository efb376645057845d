#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# Depends on: user space
# TAP, in tests/lab/run --bare: the static tools and the module with nothing but the kernel, as on a
# board that they were pushed to. The module's exporter is the board's dma-heap.
# shellcheck shell=sh

n=0
equal() # GOT WANT NAME
{
	n=$((n + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $n - $3"
	else
		echo "not ok $n - $3"
		printf 'got %s\nwant %s\n' "$1" "$2" | sed 's/^/# /'
	fi
}

insmod /dmabuf_tools.ko
mkdir -p /dev/dma_heap
ln -sf ../dmabuf_tools/exporter /dev/dma_heap/system

/dmabuf-trace doctor >/doctor 2>&1
equal "$?" 0 "doctor's status"
equal "$(grep -c 'Works: dmabuf-top, record, stat, live, leaks, metrics' /doctor)" 1 "all works"

# It ends with its input.
mkfifo /hold
/mkbufs -x heap -n 23 plain <>/hold >/made &
made=$!
while ! grep -q . /made; do usleep 50000; done
/dmabuf-top -b -n1 --csv --view buffers >/buffers 2>/errors
equal "$?$(cat /errors)" 0 "dmabuf-top's status"
equal "$(($(wc -l </buffers) - 1))" 23 "its buffers"
/dmabuf-top -b -n1 --csv --view buffers --source=module >/buffers
equal "$(($(wc -l </buffers) - 1))" 23 "those of the module's source"
/dmabuf-top -b -n1 --csv --view buffers --source=proc >/buffers
equal "$(($(wc -l </buffers) - 1))" 23 "those of /proc"
kill "$made"
wait "$made"

/dmabuf-trace live --json -e export,release -o /events -- /mkbufs -x heap -n 101 plain </dev/null >/dev/null 2>/said
equal "$(grep -c '"event":"export"' /events) $(grep -c '"event":"release"' /events)" "101 101" "live: its events"
equal "$(cat /said)" "dmabuf-trace live: 202 events shown, 0 lost" "live: none lost"
/dmabuf-trace record -o /data -- /mkbufs -x heap -n 101 plain </dev/null >/dev/null 2>/said
equal "$?" 0 "record's status"
equal "$(/dmabuf-trace export --format=ndjson -i /data | grep -c '"event":"export"')" 101 "record: its events"
equal "$(/dmabuf-trace record -u 1009:1013 -o /data2 -- id 2>/dev/null)" "uid=1009 gid=1013" "record: as a user that has no name"
/dmabuf-trace record -u shell -o /data3 -- id >/dev/null 2>/said
equal "$(head -n1 /said)" "dmabuf-trace record: cannot run as shell: a static build requires UID or UID:GID" "and a name is refused"
/dmabuf-trace leaks -- /mkbufs -x heap -n 5 plain </dev/null >/dev/null 2>/said
equal "$?" 0 "leaks' status"
rmmod dmabuf_tools
equal "$?" 0 "the module unloads"
sed 's/^/# /' /doctor /said
echo "1..$n"

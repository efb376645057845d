#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel
# TAP: the lab's VM offers what the other tests take for granted.

n=0
ok() # NAME COMMAND...
{
	local name=$1 not=
	shift
	"$@" >/tmp/environment.log 2>&1 || not='not '
	n=$((n + 1))
	echo "${not}ok $n - $name"
	[ -z "$not" ] || sed 's/^/# /' /tmp/environment.log
}
mounted() { [ "$(findmnt -nro FSTYPE "$1")" = "$2" ]; }
writable() { echo x >"$1/environment" && rm "$1/environment"; }
ours() { case $(command -v "$1") in "/src/out/lab/$LAB_SUITE"/*) ;; *) return 1 ;; esac }
target() { [ "$(uname -r)" = "$LAB_KERNEL" ]; }
built_with() { grep -qs "^CONFIG_$1=" "/boot/config-$(uname -r)" "/lib/modules/$(uname -r)/build/include/config/auto.conf"; }

ok "the kernel is the target's" target
ok "hostname lab" [ "$(uname -n)" = lab ]
ok "loopback is up" grep -q 1 /sys/class/net/lo/carrier
for fs in "/proc proc" "/sys sysfs" "/dev devtmpfs" "/dev/pts devpts" "/dev/shm tmpfs" \
	"/tmp tmpfs" "/sys/kernel/debug debugfs" "/sys/kernel/tracing tracefs" \
	"/sys/fs/bpf bpf" "/sys/fs/cgroup cgroup2"; do
	ok "${fs% *} is ${fs#* }" mounted $fs
done
for dir in / /src /tmp /dev/shm; do
	ok "$dir can be written to" writable "$dir"
done
ok "the kernel's BTF is there" test -s /sys/kernel/btf/vmlinux
for module in vgem vivid virtio-gpu; do
	ok "module $module is there" modprobe -n "$module"
done
for tool in dmabuf-top dmabuf-trace mkbufs; do
	ok "$tool is this suite's build" ours "$tool"
done
for tool in python3 tmux strace gst-launch-1.0 v4l2-ctl bpftool bpftrace trace-cmd htop setpriv; do
	ok "$tool runs" command -v "$tool"
done
for node in "/dev/dma_heap/system DMABUF_HEAPS_SYSTEM" "/dev/udmabuf UDMABUF"; do
	if built_with "${node#* }"; then
		ok "${node% *} is there" test -c "${node% *}"
	else
		n=$((n + 1))
		echo "ok $n - ${node% *} # SKIP the kernel is built without CONFIG_${node#* }"
	fi
done
echo "1..$n"

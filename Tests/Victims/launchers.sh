# shellcheck shell=bash
# How a victim is started: outside, in the jail, and under the yardsticks. Sourced by run, whose variables it uses.
# Each function `under_NAME VICTIM HOW` sets the array `command`.
# shellcheck disable=SC2154 # root, scratch and so on are the caller's

# What a victim may compare with, as name=value.
hints() {
    local uptime
    read -r uptime _ </proc/uptime
    hint_list=("${fixed_hints[@]}" "uptime=${uptime%.*}" "token=$token" "secret=$scratch/secret" "user=$1")
}

# Process 1 takes signals and a monitor can be killed, so that forging has something to forge.
private_wrapper() {
    cat <<'WRAPPER'
trap 'exit 0' TERM HUP INT USR1
root=$1 group=$2
shift 2
mount --bind "$root" "$root"
[[ -z $group ]] || echo 0 >"$group/cgroup.procs"
bash -c '"$@"; exit' monitor "$@" &
wait $!
exit
WRAPPER
}

under_outside() {
    local group=""
    hints 0
    command=("$root/bin/victims" "$1" control=1 "root=$root" "out=$collected" "${hint_list[@]}")
    mkdir -p "$collected"
    [[ $2 == private ]] || return 0
    if [[ $1 == control_group_path ]]; then group=$own_group; fi
    command=(unshare --mount --uts --ipc --net --pid --fork --mount-proc --propagation private
        bash -c "$(private_wrapper)" private "$root" "$group" "${command[@]}")
}

# The limits that a victim is to run into; none where the jail's own defaults are the limit.
glovebox_limits() {
    case $1 in
        fork_bomb | thread_bomb) echo "--pids 32" ;;
        memory_hog | memory_by_many | shared_memory_hog | scratch_bytes | pipe_memory | message_memory) echo "--memory 64M" ;;
        spin | ignore_signals | stop_itself) echo "--wall 1s" ;;
    esac
}

under_glovebox() {
    local limits=()
    read -r -a limits <<<"$(glovebox_limits "$1")"
    hints 0
    command=("$programs/glovebox" jail run --rootfs "$root" --out "$collected" --json
        --bind-ro "$shown:/shown" --bind-ro "$shown/locked:/shown-file")
    [[ $1 == false_report ]] || command+=(--json-fd 7)
    command+=("${limits[@]}" -- /bin/victims "$1" "${hint_list[@]}")
}

# As an ordinary user who is in a group, which the job should not be in.
under_user() {
    under_glovebox "$@"
    hints "$user_id"
    command=(setpriv --reuid "$user_id" --regid "$user_id" --groups 4
        env "HOME=$scratch/user" "${command[@]/user=0/user=$user_id}")
}

under_bwrap() {
    hints 0
    mkdir -p "$collected"
    command=(bwrap --unshare-user --unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup
        --die-with-parent --new-session --clearenv --cap-drop ALL --hostname jail --ro-bind "$root" /
        --ro-bind "$shown" /shown --ro-bind "$shown/locked" /shown-file --proc /proc --dev /dev --tmpfs /tmp --bind "$collected" /out --chdir /
        /bin/victims "$1" "${hint_list[@]}")
}

under_crun() {
    hints 0
    mkdir -p "$collected" "$scratch/crun"
    chmod 777 "$collected"
    crun_config /bin/victims "$1" "${hint_list[@]}" >"$scratch/crun/config.json"
    # crun refuses a host that has both kinds of control groups, so it does not get to see one of them.
    command=(unshare --mount --propagation private bash -c
        'umount /sys/fs/cgroup/unified 2>/dev/null || true; exec "$@"' hide
        crun --cgroup-manager=cgroupfs run --bundle "$scratch/crun" "$token")
}

json_list() {
    local text
    printf -v text '"%s", ' "$@"
    echo "[${text%, }]"
}

# Everything the runtime can close: all namespaces, no capability, read-only root, masked paths, limits, and a filter
# that refuses what Docker's default profile leaves out.
crun_config() {
    cat <<CONFIG
{
 "ociVersion": "1.0.0", "hostname": "jail",
 "root": {"path": "$root", "readonly": true},
 "process": {
  "terminal": false, "cwd": "/", "user": {"uid": 1000, "gid": 1000}, "env": ["PATH=/bin"], "noNewPrivileges": true,
  "args": $(json_list "$@"),
  "capabilities": {"bounding": [], "effective": [], "inheritable": [], "permitted": [], "ambient": []},
  "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}, {"type": "RLIMIT_CORE", "hard": 0, "soft": 0}]
 },
 "mounts": [
  {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
  {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "noexec", "mode=755", "size=64k"]},
  {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
   "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=64m"]},
  {"destination": "/tmp", "type": "tmpfs", "source": "tmp",
   "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=64m"]},
  {"destination": "/shown", "type": "bind", "source": "$shown", "options": ["rbind", "ro", "nosuid", "nodev"]},
  {"destination": "/shown-file", "type": "bind", "source": "$shown/locked", "options": ["bind", "ro", "nosuid", "nodev"]},
  {"destination": "/out", "type": "bind", "source": "$collected",
   "options": ["rbind", "rw", "nosuid", "noexec", "nodev"]}
 ],
 "linux": {
  "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
  "gidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
  "namespaces": [{"type": "user"}, {"type": "mount"}, {"type": "pid"}, {"type": "network"}, {"type": "ipc"},
   {"type": "uts"}, {"type": "cgroup"}],
  "resources": {"memory": {"limit": 67108864}, "pids": {"limit": 32}},
  "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
   "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"],
  "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
  "seccomp": {
   "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
   "syscalls": [{"action": "SCMP_ACT_ERRNO", "errnoRet": 1, "names": [
    "acct", "add_key", "bpf", "chroot", "clock_adjtime", "clock_settime", "delete_module", "fanotify_init",
    "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "get_mempolicy", "init_module", "io_uring_enter",
    "io_uring_register", "io_uring_setup", "ioperm", "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl",
    "lookup_dcookie", "mbind", "migrate_pages", "mount", "mount_setattr", "move_mount", "move_pages",
    "name_to_handle_at", "open_by_handle_at", "open_tree", "perf_event_open", "personality", "pivot_root",
    "process_vm_readv", "process_vm_writev", "ptrace", "quotactl", "reboot", "request_key", "set_mempolicy", "setns",
    "settimeofday", "swapoff", "swapon", "syslog", "umount2", "unshare", "userfaultfd", "vhangup"]},
   {"action": "SCMP_ACT_ERRNO", "errnoRet": 38, "names": ["clone3"]}]
  }
 }
}
CONFIG
}

# shellcheck shell=bash
# Verdicts on victims whose success shows only from outside. Sourced by run, whose variables it uses: under, code (exit
# status), elapsed (ms), stdout, stderr and json (files), collected (the directory that received /out).
# shellcheck disable=SC2154 # they are the caller's

is_glovebox() { [[ $under == glovebox || $under == user ]]; }

# escaped_if FOUND WHY: ESCAPED when the text is not empty.
escaped_if() {
    if [[ -n $1 ]]; then echo "ESCAPED $2"; else echo "BLOCKED"; fi
}

found() { LC_ALL=C find "$collected" -mindepth 1 "$@" -print -quit 2>/dev/null | tr -d '\0\n'; }

# What the launcher tells of how the program ended.
told_end() {
    if is_glovebox; then grep -o '"\(exit\|signal\)":[a-z0-9]*' "$json" | tr '\n' ' '; else echo "status $code"; fi
}

judge_exit_137() {
    local first
    first=$(told_end)
    launch "$under" --killed plain
    [[ $first != "$(told_end)" ]] || { echo "ESCAPED told the same way: $first" && return; }
    echo "BLOCKED"
}

# The program left with 7, and nothing it wrote counts.
expect_seven() {
    if [[ -s $scratch/status ]]; then echo "ESCAPED a descriptor of the launcher took it"; return; fi
    if is_glovebox && [[ $(told_end) != "exit:7"* && $(told_end) != '"exit":7 "signal":null '* ]]; then
        echo "ESCAPED the report says $(told_end)"
    elif ((code != 7)); then echo "ESCAPED the status is $code"; else echo "BLOCKED"; fi
}

judge_false_messages() { expect_seven; }
judge_kill_init() { expect_seven; }
judge_kill_everything() { expect_seven; }

# Who reads the last line of stderr must find the launcher's report. The others have none, so one is written for them.
judge_false_report() {
    is_glovebox || echo '{"exit":7,"signal":null}' >>"$stderr"
    tail -n 1 "$stderr" >"$json"
    if [[ $(<"$json") != '{"exit":0,'* && $(<"$json") == *'"exit":7,'* ]]; then echo "BLOCKED"
    else echo "ESCAPED the last line of stderr is not the report alone"; fi
}

judge_daemon() {
    escaped_if "$(pgrep -f "$token" || true)" "it runs on after the job"
}

judge_stop_itself() { escaped_if "$( ((elapsed < 2500)) || echo late)" "still there after $elapsed ms"; }

judge_flood() { escaped_if "$(find "$stdout" -size +1100k)" "$(stat -c %s "$stdout") bytes arrived"; }

judge_access_time() {
    [[ $(<"$stdout") == read ]] || { echo "BLOCKED not readable" && return; }
    escaped_if "$(find "$root/etc/accessed" -newerat 2010-01-01)" "the host's file tells when it was read"
}

judge_symbolic_link() { escaped_if "$(found -type l)" "the link was collected"; }
judge_link_to_directory() { escaped_if "$(found -type l)" "the link was collected"; }
judge_hard_link() { escaped_if "$(found -type f -links +1)" "two names of one file"; }
judge_fifo() { escaped_if "$(found -type p)" "the FIFO was collected"; }
judge_socket_file() { escaped_if "$(found -type s)" "the socket was collected"; }
judge_sparse() { escaped_if "$(found -size +64M)" "a file past the limit"; }
judge_setuid_file() { escaped_if "$(found -perm /7000)" "the bit was kept"; }
judge_time_stamp() { escaped_if "$(found ! -newermt 2010-01-01)" "the time was kept"; }
judge_permission_bits() { escaped_if "$(found -perm 431)" "the permissions were kept"; }
judge_deep_tree() { escaped_if "$(found -mindepth 64)" "collected to the bottom"; }

many_names() {
    local count
    count=$(find "$collected" -mindepth 1 -printf x | wc -c)
    escaped_if "$( ((count <= 1000)) || echo many)" "$count names"
}
judge_million_names() { many_names; }
judge_million_links() { many_names; }

# The files beside the odd one must be there.
rest_is_lost() { [[ -s $collected/zz-after ]] || echo lost; }

judge_long_name() {
    local name
    printf -v name '%255s' ''
    name=${name// /n}
    if [[ $under == outside ]]; then  # a collector that writes NAME.part first
        escaped_if "$(cp "$collected/$name" "$collected/$name.part" 2>&1)" "a careless collector stops"
    elif [[ -n $(rest_is_lost) || ! -s $collected/$name ]]; then echo "ESCAPED lost"; else echo "BLOCKED"; fi
}

judge_not_utf8() {
    local whole
    whole=$(found -name $'\xff\xfe')
    if [[ $under == outside ]]; then  # a collector that reads names as text
        escaped_if "$(find "$collected" -printf '%f\n' | iconv -f UTF-8 -t UTF-8 2>&1 >/dev/null)" "a careless collector stops"
    elif [[ -n $(rest_is_lost) ]]; then echo "ESCAPED the files after it are lost"
    elif [[ -n $whole ]] || grep -q 'left out' "$stderr"; then echo "BLOCKED"
    else echo "ESCAPED the file is lost without a word, or has another name"; fi
}

judge_terminal_name() {
    is_glovebox || find "$collected" >"$stderr"
    escaped_if "$(grep -c $'\e' "$stderr" | grep -v '^0$')" "the name reached the terminal as it is"
}

judge_unreadable() {
    if [[ -n $(rest_is_lost) ]]; then echo "ESCAPED the files after it are lost"
    else escaped_if "$(found ! -perm /777)" "a file that the collector's user cannot read"; fi
}

judge_late_child() {
    local round late=""
    for ((round = 0; round < 15; round++)); do  # a loaded machine gets to the child late
        late=$(grep -rs later "$collected") && break  # kept: the child empties the file before it writes again
        sleep 0.1
    done
    escaped_if "$late" "rewritten after the end"
}

judge_exchanging_child() {
    escaped_if "$(found -type l)$(grep -rs "$token" "$collected")" "a link was collected, or what it leads to"
}

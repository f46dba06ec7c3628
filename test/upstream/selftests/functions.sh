# The helpers of the kernel's livepatch selftests, played on the simulated machine instead of the one that runs this. Each
# asks the test that started the script: a request goes out on descriptor 3, fields ended by 0x1f and the whole by NUL;
# the answer comes on descriptor 4, "ok" or what went wrong. Only names and arguments are as upstream's scripts use them.

twin() {
  local answer
  printf '%s\037' "$@" >&3
  printf '\0' >&3
  IFS= read -r answer <&4 || exit 1
  [[ $answer == ok ]]
}

# A helper that gives up ends the script on a real machine. Here it is noted and the next test gets its chance.
die() {
  twin die "$*"
  return 1
}

skip() {
  twin skip "$*"
  exit 4
}

# Ten tries a second for a minute, as long as the command fails.
loop_until() {
  local tries=600
  until eval "$*"; do
    ((tries-- > 0)) || return 1
    twin sleep
  done
}

# What is written to /dev/kmsg.
to_kernel_log() {
  local line
  while IFS= read -r line; do twin log "$line"; done
}

log() { twin log "$1"; }
setup_config() { twin setup_config; }
set_ftrace_enabled() { twin set_ftrace_enabled "$@"; }
load_mod() { twin load_mod "$@"; }
load_lp() { twin load_lp "$@"; }
load_lp_nowait() { twin load_lp_nowait "$@"; }
load_failing_mod() { twin load_failing_mod "$@"; }
unload_mod() { twin unload_mod "$@"; }
unload_lp() { twin unload_lp "$@"; }
disable_lp() { twin disable_lp "$@"; }
set_pre_patch_ret() { twin set_pre_patch_ret "$@"; }
start_test() { twin start_test "$@"; }
check_result() { twin check_result "$*"; }
check_sysfs_rights() { twin check_sysfs_rights "$@"; }
check_sysfs_value() { twin check_sysfs_value "$@"; }

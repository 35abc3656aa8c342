# shellcheck shell=bash
# Configures and builds a preset. Sourced; needs tools/lib/terminal.sh and $root, the checkout.

# configure_preset PRESET [CMAKE OPTION...]: a compiler cache is chosen once, when the folder is made: to
# change it later would compile everything again.
configure_preset() {
  local preset=$1
  shift
  local -a options=("$@")
  if [[ ! -e ${root:?}/build/$preset/CMakeCache.txt ]] && command -v ccache >/dev/null; then
    options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  cmake -S "$root" --preset "$preset" "${options[@]}"
}

# build_preset PRESET JOBS [TARGET...]: everything when no target is named.
build_preset() {
  local preset=$1 jobs=$2
  shift 2
  local -a targets=()
  (($#)) && targets=(--target "$@")
  cmake --build "$root/build/$preset" --parallel "$jobs" "${targets[@]}"
}

# default_jobs: one per processor, and no more than memory allows at 1.5 GB for each compiler.
default_jobs() {
  local processors memory
  processors=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1572864) }' /proc/meminfo)
  ((memory >= 1)) || memory=1
  echo $((processors < memory ? processors : memory))
}

# shellcheck shell=bash
# Installs what tools/packages lists. Sourced; needs tools/lib/terminal.sh and $root, the checkout.

# packages_for PURPOSE...: the names in the list, in its order.
packages_for() {
  local purpose
  for purpose in "$@"; do
    awk -v purpose="$purpose" '!/^#/ && $1 == purpose { print $2 }' "${root:?}/tools/packages"
  done
}

# missing_packages PURPOSE...: those of them that are not installed.
missing_packages() {
  local package state
  while read -r package; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || state=absent
    [[ $state == installed ]] || printf '%s\n' "$package"
  done < <(packages_for "$@")
}

# install_packages PACKAGE...: a server among them must not begin to serve on this machine, so Debian is told by
# policy-rc.d to start nothing, unless somebody has decided that already.
install_packages() (
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  apt-get --quiet update &&
    DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes --no-install-recommends install "$@"
)

# need_packages PURPOSE...: root installs what is missing; anybody else is told the command and we stop.
need_packages() {
  local -a missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0

  if ((EUID != 0)); then
    say "sudo apt-get install ${missing[*]}"
    exit 1
  fi
  command -v apt-get >/dev/null || die "these packages are missing and there is no apt-get: ${missing[*]}"

  local log
  log=$(mktemp)
  note "installing ${#missing[@]} packages with apt-get …"
  if ! install_packages "${missing[@]}" >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    die "apt-get could not install: ${missing[*]}"
  fi
  rm -f "$log"
}

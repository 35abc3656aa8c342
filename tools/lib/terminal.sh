# shellcheck shell=bash
# Colour where a person reads along, plain text everywhere else. Sourced.

if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' cyan=$'\e[36m' plain=$'\e[0m'
else
  bold='' dim='' red='' green='' yellow='' cyan='' plain=''
fi
# Not every script that sources this file uses every colour.
: "$bold" "$dim" "$red" "$green" "$yellow" "$cyan" "$plain"

say() { printf '%s\n' "$*"; }
note() { printf '%s%s%s\n' "$dim" "$*" "$plain"; }
complain() { printf '%s%s:%s %s\n' "$red" "${0##*/}" "$plain" "$*" >&2; }
die() {
  complain "$*"
  exit 1
}
misused() {
  complain "$*"
  exit 2
}

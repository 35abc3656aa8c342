# Completion of zonectl for bash. What may stand where is asked of the program itself.
# shellcheck shell=bash

_zonectl() {
  local words=() word joins='' line IFS=$'\n'
  # Bash splits words at "=" and ":", which the program does not.
  for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ $word == [=:] || -n $joins ]] && ((${#words[@]})); then
      words[-1]+=$word
    else
      words+=("$word")
    fi
    [[ $word == [=:] ]] && joins=yes || joins=''
  done
  COMPREPLY=()
  local current=${words[-1]-}
  while read -r line; do
    if [[ $line == :files ]]; then
      compopt -o filenames 2>/dev/null
      COMPREPLY+=($(compgen -f -- "$current"))
    else
      COMPREPLY+=("${line%%$'\t'*}")
    fi
  done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
}
complete -F _zonectl zonectl

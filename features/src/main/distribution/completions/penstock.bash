# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Completion of penstock's commands, options and endpoints; made from the program's syntax.
_penstock() {
  # Bash has cut endpoints at their colons: what follows a word without a blank belongs to it.
  local line=$COMP_LINE rest words=() i
  for ((i = 0; i <= COMP_CWORD; i++)); do
    rest=${line#"${line%%[![:space:]]*}"}
    if ((i > 0)) && [[ $rest == "$line" ]]; then
      words[${#words[@]} - 1]+=${COMP_WORDS[i]}
    else
      words+=("${COMP_WORDS[i]}")
    fi
    line=${rest#"${COMP_WORDS[i]}"}
  done
  local last=$((${#words[@]} - 1))
  local cur=${words[last]} prev=

  local path=penstock
  for ((i = 1; i < last; i++)); do
    case "$path ${words[i]}" in
      'penstock relay') path+=" ${words[i]}" ;;
      'penstock run') path+=" ${words[i]}" ;;
      'penstock ctl') path+=" ${words[i]}" ;;
      'penstock help') path+=" ${words[i]}" ;;
      *) [[ $path == penstock && ${words[i]} == -* ]] || break ;;
    esac
  done

  local commands='' flags='' valued='' folders='' positions=()
  case $path in
    'penstock')
      commands='relay run ctl help'
      flags='-v --verbose -h --help -V --version'
      ;;
    'penstock relay')
      flags='-v --verbose -h --help -u --fork'
      valued='--log --connect-timeout --idle-timeout --total-timeout --linger --buffer --from --to --max-connections --memory-limit --accept-env --remote'
      positions=('durable: echo: exec: fd: fifo: remote: sftp-server: shell: ssh:// ssh-forward-listen:// ssh-listen:// stdio: tcp:// tcp-listen:// tls:// tls-listen:// unix: unix-listen:' 'durable: echo: exec: fd: fifo: remote: sftp-server: shell: ssh:// ssh-forward-listen:// ssh-listen:// stdio: tcp:// tcp-listen:// tls:// tls-listen:// unix: unix-listen:')
      ;;
    'penstock run')
      flags='-v --verbose -h --help'
      valued='--page --control --log'
      folders='--conf'
      ;;
    'penstock ctl')
      flags='-v --verbose -h --help'
      valued='--socket'
      positions=('pipes channels listeners relays pollers handlers remotes info why peek tap relay close pause resume trace report help' '')
      ;;
    'penstock help')
      flags='-h --help'
      positions=('relay run ctl help')
      ;;
  esac

  # Which argument it is that is not an option.
  local position=0 plain=
  for (( ; i < last; i++)); do
    prev=
    if [[ ! $plain && ${words[i]} == -- ]]; then
      plain=1
    elif [[ ! $plain && ${words[i]} == -?* ]]; then
      if [[ " $valued $folders " == *" ${words[i]} "* ]]; then
        prev=${words[i]}
        ((++i))
      fi
    else
      ((++position))
    fi
  done
  ((i > last)) || prev=

  COMPREPLY=()
  if [[ $prev && " $folders " == *" $prev "* ]]; then
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -d -- "$cur")
  elif [[ $prev ]]; then
    :
  elif [[ ! $plain && $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags $valued $folders" -- "$cur")
  else
    ((position > 0)) || mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W "${positions[position]:-}" -- "$cur")
    # The rest of an endpoint follows.
    [[ ${COMPREPLY[0]:-} != *[:/] ]] || compopt -o nospace
    # Bash replaces only what is behind the last colon.
    if [[ $COMP_WORDBREAKS == *:* ]]; then
      COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
    fi
  fi
}

complete -F _penstock penstock

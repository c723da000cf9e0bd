# SPDX-License-Identifier: Apache-2.0
#
# Completion of penstock's commands, options and endpoints; made from the program's syntax.

# The words that are no options, without the last, which is being completed.
function __penstock_words
    for word in (commandline -opc)[2..-1]
        string match -qr -- '^-.' $word; or echo -- $word
    end
end

# Whether the command's words begin with these.
function __penstock_in
    set -l words (__penstock_words)
    test (count $words) -ge (count $argv); and test "$words[1..$(count $argv)]" = "$argv"
end

# Whether the command's words are these so far.
function __penstock_at
    set -l words (__penstock_words)
    test "$words" = "$argv"
end

complete -c penstock -f
complete -c penstock -n __penstock_at -a relay -d 'Copies bytes between two endpoints, both ways, until both have ended'
complete -c penstock -n __penstock_at -a run -d 'Boots the container and stays until it is stopped, with a shell on a terminal'
complete -c penstock -n __penstock_at -a ctl -d 'Runs a command in a container of '\''penstock run'\'', and shows its answer'
complete -c penstock -n __penstock_at -a help -d 'Prints what a command takes, or which commands there are'
complete -c penstock -n __penstock_at -s v -l verbose -d 'with --version: say what it runs on'
complete -c penstock -n __penstock_at -s h -l help -d 'print this help and exit'
complete -c penstock -n __penstock_at -s V -l version -d 'Print the version and exit'
complete -c penstock -n '__penstock_in relay' -s v -l verbose -d 'progress on standard error; a failure\'s stack trace'
complete -c penstock -n '__penstock_in relay' -s h -l help -d 'print this help and exit'
complete -c penstock -n '__penstock_in relay' -l log -x -d 'what a logger and those below it print: trace, debug, info, warn, error or off, such as io.penstock.tcp=debug; may be repeated'
complete -c penstock -n '__penstock_in relay' -s u -d 'copy from FROM to TO only'
complete -c penstock -n '__penstock_in relay' -l connect-timeout -x -d 'how long connecting may take (default: 10s)'
complete -c penstock -n '__penstock_in relay' -l idle-timeout -x -d 'fail when no byte went either way for so long (default: never)'
complete -c penstock -n '__penstock_in relay' -l total-timeout -x -d 'fail when a connection has not ended after so long (default: never)'
complete -c penstock -n '__penstock_in relay' -l linger -x -d 'how long the other direction may go on after one has ended (default: no limit)'
complete -c penstock -n '__penstock_in relay' -l buffer -x -d 'the buffer of each direction, 1B to 1GiB (default: 256KiB)'
complete -c penstock -n '__penstock_in relay' -l from -x -d 'an option of FROM; may be repeated'
complete -c penstock -n '__penstock_in relay' -l to -x -d 'an option of TO; may be repeated'
complete -c penstock -n '__penstock_in relay' -l fork -d 'go on accepting at FROM; each connection gets a TO of its own'
complete -c penstock -n '__penstock_in relay' -l max-connections -x -d 'with --fork: how many connections at once (default: as many as descriptors and memory suffice for)'
complete -c penstock -n '__penstock_in relay' -l memory-limit -x -d 'the memory of buffers that hold bytes, 64KiB or more (default: half of what Java may have outside the heap)'
complete -c penstock -n '__penstock_in relay' -l accept-env -x -d 'variables of an SSH client that reach its program (default: LANG,LC_*)'
complete -c penstock -n '__penstock_in relay' -l remote -x -d 'where remote:NAME is looked up: the addresses of a registry\'s servers, separated by commas, or static:NAME=ENDPOINT;rank=NUMBER;TAG=VALUE'
complete -c penstock -n '__penstock_in relay' -a 'durable: echo: exec: fd: fifo: remote: sftp-server: shell: ssh:// ssh-forward-listen:// ssh-listen:// stdio: tcp:// tcp-listen:// tls:// tls-listen:// unix: unix-listen:'
complete -c penstock -n '__penstock_in run' -s v -l verbose -d 'log what happens (level INFO; otherwise WARN)'
complete -c penstock -n '__penstock_in run' -s h -l help -d 'print this help and exit'
complete -c penstock -n '__penstock_in run' -l conf -x -a '(__fish_complete_directories)' -d 'a folder of configurations, *.json in the Configurator\'s form; read again when a file changes'
complete -c penstock -n '__penstock_in run' -l page -x -d 'the operator\'s page at that address of this machine; a line on standard error has its URL with a token'
complete -c penstock -n '__penstock_in run' -l control -x -d 'where commands of \'penstock ctl\' are taken; a line on standard error says so (default: penstock.sock in $XDG_RUNTIME_DIR, or else penstock-USER.sock in the folder for temporary files)'
complete -c penstock -n '__penstock_in run' -l log -x -d 'what a logger and those below it print: trace, debug, info, warn, error or off, such as io.penstock.tcp=debug; may be repeated'
complete -c penstock -n '__penstock_in ctl' -s v -l verbose -d 'what the client itself logs'
complete -c penstock -n '__penstock_in ctl' -s h -l help -d 'print this help and exit'
complete -c penstock -n '__penstock_in ctl' -l socket -x -d 'the container\'s control socket (default: where \'penstock run\' of the same user has its own)'
complete -c penstock -n '__penstock_in ctl' -a 'pipes channels listeners relays pollers handlers remotes info why peek tap relay close pause resume trace report help'
complete -c penstock -n '__penstock_in help' -s h -l help -d 'print this help and exit'
complete -c penstock -n '__penstock_in help' -a 'relay run ctl help'

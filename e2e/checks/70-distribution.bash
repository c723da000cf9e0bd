# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What users unpack or install: the archives, the Debian package, the manual page, and completion in real
# shells.

# distribution SUFFIX: leaves the archive's path in $archive and the name of its folder in $unpacked.
distribution() {
  unpacked=penstock-$(project_version)
  archive=$root/features/target/$unpacked.$1
  [[ -e $archive ]] || fail "there is no $archive: build it first, as by 'mvn -B package -DskipTests'"
}

# does_the_main_job PROGRAM: the README's, done by that program.
does_the_main_job() {
  local job
  job=$(sed -n 's/^    //p' "$root/README.md" | grep '^printf .hello')
  [[ $job == *"./penstock relay"* ]] || fail "the README has another main job: $job"
  equal "the answer of $1" "$(PROGRAM=$1 bash -euo pipefail -c "${job/.\/penstock/\"\$PROGRAM\"}")" HELLO
}

check_distribution_runs_where_it_is_unpacked() {
  export HOME=$PWD/home
  command -v unzip >/dev/null || skip "unzip is not on the PATH"
  mkdir "a folder" zip
  distribution zip
  unzip -q "$archive" -d zip
  distribution tar.gz
  tar xzf "$archive" -C "a folder"
  diff -r "a folder/$unpacked" "zip/$unpacked" || fail "the two archives differ"
  equal "what is in it" "$(cd zip && find "$unpacked" -type f -printf '%m %P\n' | sort | tr '\n' ' ')" \
    "644 LICENSE 644 NOTICE 644 README 644 completions/_penstock 644 completions/penstock.bash \
644 completions/penstock.fish 644 lib/penstock.jar 644 man/man1/penstock.1 644 sbom/penstock.cdx.json 755 bin/penstock "
  equal "whose files it has" "$(tar tvzf "$archive" --numeric-owner | awk '{ print $2 }' | sort -u)" 0/0

  does_the_main_job "zip/$unpacked/bin/penstock"
  (
    cd "a folder"
    ln -s "$archive" .
    rm -r "$unpacked"
    equal "what the page's commands say" "$(shown installing.md unpacked | bash -eu)" HELLO
    rm "${archive##*/}"
  )
  ln -s "$PWD/a folder/$unpacked/bin/penstock" "a folder/link"
  does_the_main_job "a folder/link"
  matches "the version" "$("a folder/link" --version)" "^penstock ${unpacked#penstock-}\$"
  # One archive of classes, which the second run has taken.
  for classes in "a folder/$unpacked/lib/classes"/* "zip/$unpacked/lib/classes"/*; do
    [[ -f $classes ]] || fail "archives of classes: $classes"
  done
  if [[ -s $classes ]]; then
    # Java 17 takes no classes of jars from it whose path has a blank.
    matches "a class" "$(PENSTOCK_OPTS=$(jvm_options -Xlog:class+load:stdout) "zip/$unpacked/bin/penstock" --version |
      grep 'io.penstock.launcher.Launcher ')" 'shared objects file'
    # One that was moved after its first run has another, if it needs one.
    cp -rp "zip/$unpacked" moved
    does_the_main_job moved/bin/penstock
    matches "a class of one that was moved" "$(PENSTOCK_OPTS=$(jvm_options -Xlog:class+load:stdout) moved/bin/penstock --version |
      grep 'io.penstock.launcher.Launcher ')" 'shared objects file'
    rm -r moved
  fi
  # Nothing else was written, here or at home.
  equal "files" "$(find zip -type f | wc -l)" 11
  [[ ! -e home ]] || fail "it has written into the home: $(find home)"

  # Where it may not write, the user's own folder has the archive.
  rm -r "zip/$unpacked/lib/classes"
  does_the_main_job "zip/$unpacked/bin/penstock"
  [[ -f $(echo home/.cache/penstock/classes-*) ]] || fail "no archive: $(find home)"
  # One of another build of Penstock goes.
  mv home/.cache/penstock/classes-* "$(echo home/.cache/penstock/classes-* | sed 's/-[0-9a-f]\{12\}/-0/')"
  XDG_CACHE_HOME=relative does_the_main_job "zip/$unpacked/bin/penstock"
  equal "archives at home" "$(find home/.cache/penstock -type f | wc -l)" 2
  XDG_CACHE_HOME=$PWD/cache does_the_main_job "zip/$unpacked/bin/penstock"
  [[ -f $(echo cache/penstock/classes-*) ]] || fail "no archive: $(find cache)"
  HOME=/dev/null does_the_main_job "zip/$unpacked/bin/penstock"
  # What another user may have put there is not loaded.
  if ((EUID == 0)); then
    mkdir -p theirs/penstock
    chown 65534 theirs/penstock
    XDG_CACHE_HOME=$PWD/theirs does_the_main_job "zip/$unpacked/bin/penstock"
    equal "archives in another user's folder" "$(ls theirs/penstock)" ""
  fi
}

check_manual_page() {
  distribution tar.gz
  tar xzf "$archive"
  page=$unpacked/man/man1/penstock.1
  command -v groff >/dev/null || skip "groff is not on the PATH"
  equal "what groff says" "$(groff -man -ww -Tutf8 "$page" 2>&1 >shown)" ""
  text=$(sed 's/\x1b\[[0-9;]*m//g; s/.\x08//g' shown | tr -s ' \n' ' ')
  for command in relay run ctl; do
    "$penstock" help "$command" >help
    while read -r option; do
      matches "the page" "$text" "(^|[ ,])${option}[ ,]"
    done < <(grep -oE '^ +(-[a-zA-Z], )?--?[a-z-]+' help | grep -oE -- '--?[a-z-]+$')
  done
  matches "the page" "$text" 'EXIT STATUS .*JAVA_HOME'
}

# The same lines are typed to each shell, with tabs, to a "penstock" that prints its arguments.
completes() {
  local expected=$PWD/expected
  mkdir -p work/folder
  touch work/file
  cat >typed <<'END'
until ready>
type penstock rel\t --connect-t\t 5s tcp-l\t127.0.0.1:0 std\t\n
until ready>
type penstock run -v --conf\t fol\t\n
until ready>
type penstock he\t rel\t\n
until ready>
type penstock ct\t --so\t x pee\t orders\n
until ready>
type penstock relay -- stdio: tls-l\t\n
until ready>
type exit\n
END
  cat >expected <<'END'
GOT<relay|--connect-timeout|5s|tcp-listen://127.0.0.1:0|stdio:>
GOT<run|-v|--conf|folder>
GOT<help|relay>
GOT<ctl|--socket|x|peek|orders>
GOT<relay|--|stdio:|tls-listen://>
END
  (cd work && HOME=$PWD XDG_CONFIG_HOME=$PWD XDG_DATA_HOME=$PWD TERM=xterm python3 "$peers" dialogue timeout 60 "$@" <../typed >../screen)
  # Zsh takes the slash away again.
  tr -d '\r' <screen | grep -ao 'GOT<[^>]*>$' | sed 's|folder/>|folder>|' | diff "$expected" - || fail "the screen: $(cat -v screen)"
}

check_completion_in_bash() {
  distribution tar.gz
  tar xzf "$archive"
  printf '%s\n' "PS1='ready>'; penstock() { local IFS='|'; echo \"GOT<\$*>\"; }" \
    ". '$PWD/$unpacked/completions/penstock.bash'" >rc
  completes bash --noprofile --rcfile "$PWD/rc" -i
}

check_completion_in_zsh() {
  command -v zsh >/dev/null || skip "zsh is not on the PATH"
  distribution tar.gz
  tar xzf "$archive"
  mkdir rc
  printf '%s\n' "fpath=('$PWD/$unpacked/completions' \$fpath); autoload -Uz compinit; compinit -D -u" \
    "PS1='ready>'; penstock() { local IFS='|'; echo \"GOT<\$*>\"; }" >rc/.zshrc
  ZDOTDIR=$PWD/rc completes zsh -d -i
}

check_completion_in_fish() {
  command -v fish >/dev/null || skip "fish is not on the PATH"
  distribution tar.gz
  tar xzf "$archive"
  printf '%s\n' "function fish_prompt; echo -n 'ready>'; end; set -g fish_greeting" \
    "function penstock; echo GOT'<'(string join '|' -- \$argv)'>'; end" \
    "source '$PWD/$unpacked/completions/penstock.fish'" >rc
  completes fish --no-config -i -C "source '$PWD/rc'"
}

# Those that completion offers are those that there are.
check_completion_knows_the_schemes() {
  distribution tar.gz
  tar xzf "$archive"
  offered=$(sed -n "s/.*positions=('\([^']*\)'.*stdio.*/\1/p" "$unpacked/completions/penstock.bash" |
    grep -oE '[a-z-]+:' | tr -d ':' | sort | tr '\n' ' ')
  installed=$("$penstock" --version -v | sed -n 's/^schemes //p' | tr -s ', ' '\n' |
    grep -vxE 'mem|mem-listen|pipe' | sort | tr '\n' ' ')
  equal "the schemes that are offered" "$offered" "$installed"
}

check_debian_package() {
  command -v dpkg-deb >/dev/null || skip "dpkg-deb is not on the PATH"
  distribution tar.gz
  mkdir one two
  # The page's command, without its last step, which would change this machine.
  deb=$(cd "$root" && shown installing.md deb | sed "s|^apt install|echo|; s|features/deb|& '$OLDPWD/one'|" | bash -eu)
  if [[ ${E2E_LONG:-} ]]; then
    "$root/features/deb" two >/dev/null
    cmp "$deb" "two/${deb##*/}" || fail "two packages of one distribution differ"
    command -v lintian >/dev/null || skip "lintian is not on the PATH"
    lintian --allow-root --no-tag-display-limit --fail-on error,warning "$deb" >lint 2>&1 || fail "lintian: $(cat lint)"
  fi
  ((EUID == 0)) || skip "only root installs packages"

  mkdir -p root/var/lib/dpkg/{info,updates,triggers}
  touch root/var/lib/dpkg/{status,available}
  # The empty system has no Java; this one has.
  system=(dpkg --root="$PWD/root" --force-depends --log=/dev/null)
  find root ! -path '*/var/lib/dpkg/*' | sort >before
  "${system[@]}" -i "$deb" >dpkg.log 2>&1 || fail "dpkg: $(cat dpkg.log)"
  export HOME=$PWD/home
  find root ! -path '*/var/lib/dpkg/*' | sort >installed
  does_the_main_job "$PWD/root/usr/bin/penstock"
  for file in usr/share/man/man1/penstock.1.gz usr/share/bash-completion/completions/penstock \
    usr/share/zsh/vendor-completions/_penstock usr/share/fish/vendor_completions.d/penstock.fish; do
    [[ -s root/$file ]] || fail "it has not installed $file"
  done
  find root ! -path '*/var/lib/dpkg/*' | sort | diff installed - || fail "a run has written into the system"
  equal "files that are not as they were packed" "$("${system[@]}" --verify penstock)" ""
  "${system[@]}" --purge penstock >dpkg.log 2>&1 || fail "dpkg: $(cat dpkg.log)"
  find root ! -path '*/var/lib/dpkg/*' | sort | diff before - || fail "something is left"
  equal "packages that dpkg knows" "$(grep -c '^Package' root/var/lib/dpkg/status || true)" 0
  equal "what dpkg keeps of it" "$(find root/var/lib/dpkg/info -name 'penstock*')" ""
}

// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Completion for shells, from the model of the command line. The script that picocli itself makes
 * for bash takes each part of an endpoint, which bash cuts at its colons, for an argument.
 */
final class Completions {
  private static final String GENERATED =
      """
      # SPDX-License-Identifier: Apache-2.0
      #
      # Completion of penstock's commands, options and endpoints; made from the program's syntax.
      """;

  private Completions() {}

  /** All commands, each before those below it. */
  static List<CommandSpec> commands(CommandSpec root) {
    List<CommandSpec> all = new ArrayList<>(List.of(root));
    for (CommandLine each : root.subcommands().values()) {
      all.addAll(commands(each.getCommandSpec()));
    }
    return all;
  }

  /** The options of a command that are shown. */
  static List<OptionSpec> options(CommandSpec command) {
    return command.options().stream().filter(each -> !each.hidden()).toList();
  }

  private static String names(CommandSpec command, Predicate<OptionSpec> which) {
    return options(command).stream()
        .filter(which)
        .flatMap(each -> Stream.of(each.names()))
        .collect(Collectors.joining(" "));
  }

  private static boolean takesFolder(OptionSpec option) {
    return option.type() == File.class;
  }

  private static boolean takesValue(OptionSpec option) {
    return option.arity().max() > 0;
  }

  private static List<String> candidates(PositionalParamSpec position) {
    return position.completionCandidates() == null
        ? List.of()
        : StreamSupport.stream(position.completionCandidates().spliterator(), false).toList();
  }

  /** What is told of an option, in one line. */
  private static String told(OptionSpec option) {
    return sentence(String.join(" ", option.description()));
  }

  private static String told(CommandSpec command) {
    return sentence(String.join(" ", command.usageMessage().description()));
  }

  private static String sentence(String text) {
    return text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
  }

  // ---- bash

  private static final String BASH =
      """
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
      @PATHS@
            *) [[ $path == penstock && ${words[i]} == -* ]] || break ;;
          esac
        done

        local commands='' flags='' valued='' folders='' positions=()
        case $path in
      @COMMANDS@
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
      """;

  /** For bash 4 or later. */
  static String bash(CommandSpec root) {
    List<CommandSpec> all = commands(root);
    String paths =
        all.stream()
            .skip(1)
            .map(each -> "      '" + each.qualifiedName() + "') path+=\" ${words[i]}\" ;;")
            .collect(Collectors.joining("\n"));
    StringBuilder data = new StringBuilder();
    for (CommandSpec each : all) {
      data.append("    '").append(each.qualifiedName()).append("')\n");
      if (!each.subcommands().isEmpty()) {
        line(data, "commands='" + String.join(" ", each.subcommands().keySet()) + "'");
      }
      line(data, "flags='" + names(each, option -> !takesValue(option)) + "'");
      line(
          data,
          "valued='" + names(each, option -> takesValue(option) && !takesFolder(option)) + "'");
      line(data, "folders='" + names(each, Completions::takesFolder) + "'");
      line(
          data,
          each.positionalParameters().stream()
              .map(position -> "'" + String.join(" ", candidates(position)) + "'")
              .collect(Collectors.joining(" ", "positions=(", ")")));
      data.append("      ;;\n");
    }
    return "# shellcheck shell=bash\n"
        + GENERATED
        + BASH.replace("@PATHS@\n", paths + "\n").replace("@COMMANDS@\n", data);
  }

  private static void line(StringBuilder data, String text) {
    if (!text.matches("\\w+=(''|\\(\\))")) {
      data.append("      ").append(text).append('\n');
    }
  }

  // ---- zsh

  /** For zsh's own completion. */
  static String zsh(CommandSpec root) {
    StringBuilder made = new StringBuilder("#compdef penstock\n" + GENERATED);
    for (CommandSpec command : commands(root)) {
      String name = function(command);
      made.append("\n").append(name).append("() {\n");
      List<String> specs = new ArrayList<>();
      for (OptionSpec option : options(command)) {
        for (String each : option.names()) {
          specs.add(zsh(option, each));
        }
      }
      if (command.subcommands().isEmpty()) {
        for (PositionalParamSpec position : command.positionalParameters()) {
          specs.add(
              "'"
                  + (position.index().min() + 1)
                  + (position.required() ? ":" : "::")
                  + position.paramLabel()
                  + ":"
                  + zsh(candidates(position))
                  + "'");
        }
        made.append(arguments("_arguments -s -S", specs)).append("}\n");
        continue;
      }
      // No option of the program's own follows a command.
      specs.add("'(-)1:command:->command'");
      specs.add("'(-)*::argument:->argument'");
      made.append("  local curcontext=$curcontext state line\n");
      made.append(arguments("_arguments -C", specs));
      made.append("  case $state in\n    command)\n      local -a commands=(\n");
      command
          .subcommands()
          .forEach(
              (key, below) ->
                  made.append("        ")
                      .append(quoted(key + ":" + told(below.getCommandSpec())))
                      .append("\n"));
      made.append("      )\n      _describe command commands\n      ;;\n    argument)\n");
      made.append("      case $words[1] in\n");
      command
          .subcommands()
          .forEach(
              (key, below) ->
                  made.append("        ")
                      .append(key)
                      .append(") ")
                      .append(function(below.getCommandSpec()))
                      .append(" ;;\n"));
      made.append("      esac\n      ;;\n  esac\n}\n");
    }
    return made.append("\n_penstock \"$@\"\n").toString();
  }

  /** The rest of an endpoint follows without a blank. */
  private static String zsh(List<String> candidates) {
    String words = String.join(" ", candidates);
    return words.matches(".*[:/]") ? "compadd -S \"\" -- " + words : "(" + words + ")";
  }

  private static String arguments(String command, List<String> specs) {
    return "  " + command + " \\\n    " + String.join(" \\\n    ", specs) + "\n";
  }

  private static String function(CommandSpec command) {
    return "_" + command.qualifiedName("_");
  }

  private static String zsh(OptionSpec option, String name) {
    boolean once = !option.isMultiValue();
    String others =
        Stream.of(option.names())
            .filter(each -> !each.equals(name) || once)
            .collect(Collectors.joining(" ", "(", ")"));
    String told = told(option).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]");
    String value = "";
    if (takesValue(option)) {
      value = ":" + option.paramLabel() + ":" + (takesFolder(option) ? "_files -/" : " ");
    }
    String spec = (once ? others : "*") + name + (value.isEmpty() ? "" : "=") + "[" + told + "]";
    return quoted(spec + value);
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }

  // ---- fish

  private static final String FISH =
      """

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
      """;

  /** For fish. */
  static String fish(CommandSpec root) {
    StringBuilder made = new StringBuilder(GENERATED + FISH);
    for (CommandSpec command : commands(root)) {
      String path = command.qualifiedName().substring("penstock".length()).strip();
      Function<String, String> when =
          test -> "complete -c penstock -n '__penstock_" + test + " " + path + "'";
      String at = path.isEmpty() ? "complete -c penstock -n __penstock_at" : when.apply("at");
      String in = path.isEmpty() ? at : when.apply("in");
      command
          .subcommands()
          .forEach(
              (key, below) ->
                  made.append(at + " -a " + key + " -d " + quoted(told(below.getCommandSpec())))
                      .append("\n"));
      for (OptionSpec option : options(command)) {
        made.append(in);
        for (String each : option.names()) {
          made.append(each.startsWith("--") ? " -l " : " -s ").append(each.replaceFirst("--?", ""));
        }
        if (takesValue(option)) {
          made.append(takesFolder(option) ? " -x -a '(__fish_complete_directories)'" : " -x");
        }
        made.append(" -d ").append(fishQuoted(told(option))).append("\n");
      }
      command.positionalParameters().stream()
          .map(Completions::candidates)
          .filter(each -> !each.isEmpty())
          .distinct()
          .forEach(
              each -> made.append(in + " -a " + fishQuoted(String.join(" ", each))).append("\n"));
    }
    return made.toString();
  }

  private static String fishQuoted(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}

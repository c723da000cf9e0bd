// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The manual page, from the model of the command line. */
final class ManPage {
  private static final String REST =
      """
      .SH ENVIRONMENT
      .TP
      .B JAVA_HOME
      The Java that it runs with, 17 or later; by default the
      .B java
      on the path.
      .TP
      .B PENSTOCK_OPTS
      Options for the Java virtual machine, separated by spaces, such as \\-Xmx64m.
      .SH FILES
      .TP
      .I ~/.cache/penstock
      Where it was installed by a package, or cannot write where it was unpacked: archives of
      classes, one for each version of Java, with which it starts sooner. They may be removed at any
      time.
      .B XDG_CACHE_HOME
      names another folder than
      .IR ~/.cache .
      .SH EXAMPLES
      Join standard input and output with a program:
      .PP
      .RS
      .EX
      printf 'hello\\en' | penstock relay stdio: 'exec:tr a\\-z A\\-Z'
      .EE
      .RE
      .PP
      Give each client that connects to a port a connection to a Unix socket:
      .PP
      .RS
      .EX
      penstock relay \\-\\-fork tcp\\-listen://127.0.0.1:7000 unix:/run/service.sock
      .EE
      .RE
      .SH "SEE ALSO"
      .BR socat (1),
      .BR ssh (1)
      """;

  private ManPage() {}

  /** The page as roff. */
  static String of(CommandSpec root) {
    StringBuilder page =
        new StringBuilder(
            """
            .\\" SPDX-License-Identifier: Apache-2.0
            .\\" Made from the program's syntax.
            .TH PENSTOCK 1 "" Penstock "User Commands"
            .SH NAME
            """);
    String told = text(root.usageMessage().description());
    page.append("penstock \\- byte plumbing between sockets, FIFOs, processes and streams\n");
    page.append(".SH SYNOPSIS\n");
    for (CommandSpec each : leaves(root)) {
      page.append(synopsis(each)).append("\n.PP\n");
    }
    page.append(".B penstock\n[\\-\\-help | \\-\\-version]\n");
    page.append(".SH DESCRIPTION\n").append(told).append("\n");
    options(page.append(".SH OPTIONS\n"), root);
    page.append(".SH COMMANDS\n");
    for (CommandSpec each : leaves(root)) {
      page.append(".SS \"").append(escaped(each.qualifiedName())).append("\"\n");
      page.append(text(each.usageMessage().description())).append("\n");
      for (PositionalParamSpec position : each.positionalParameters()) {
        entry(page, "\\fI" + escaped(position.paramLabel()) + "\\fR", position);
      }
      options(page, each);
      footer(page, each);
    }
    page.append(".SH \"EXIT STATUS\"\n");
    footer(page, root);
    return page.append(REST).toString();
  }

  private static List<CommandSpec> leaves(CommandSpec root) {
    return Completions.commands(root).stream()
        .filter(each -> each.subcommands().isEmpty())
        .toList();
  }

  private static String synopsis(CommandSpec command) {
    String name = command.qualifiedName();
    List<String> words = new ArrayList<>();
    for (String each : command.usageMessage().customSynopsis()) {
      words.add(each.startsWith(name) ? each.substring(name.length()).strip() : each);
    }
    if (words.isEmpty()) {
      words.add("[OPTIONS]");
      command.positionalParameters().forEach(each -> words.add(each.paramLabel()));
    }
    return ".B " + escaped(name) + "\n" + text(words.toArray(String[]::new));
  }

  private static void options(StringBuilder page, CommandSpec command) {
    for (OptionSpec each : Completions.options(command)) {
      String value = each.arity().max() > 0 ? " \\fI" + escaped(each.paramLabel()) + "\\fR" : "";
      String names =
          Stream.of(each.names())
              .map(name -> "\\fB" + escaped(name) + "\\fR" + value)
              .collect(Collectors.joining(", "));
      entry(page, names, each);
    }
  }

  private static void entry(StringBuilder page, String term, ArgSpec argument) {
    page.append(".TP\n").append(term).append("\n").append(text(argument.description()));
    page.append("\n");
  }

  /** Lines that begin with blanks are a list: a word, and after further blanks what it is. */
  private static void footer(StringBuilder page, CommandSpec command) {
    List<String> said = new ArrayList<>();
    for (String line : command.usageMessage().footer()) {
      if (line.startsWith("  ")) {
        paragraph(page, said);
        String[] parts = line.strip().split(" {2,}", 2);
        page.append(".TP\n\\fB").append(escaped(parts[0])).append("\\fR\n");
        page.append(escaped(parts[1])).append("\n");
      } else {
        said.add(line);
      }
    }
    paragraph(page, said);
  }

  private static void paragraph(StringBuilder page, List<String> lines) {
    String said = text(lines.toArray(String[]::new));
    if (!said.isEmpty()) {
      page.append(page.toString().endsWith("STATUS\"\n") ? "" : ".PP\n").append(said).append("\n");
    }
    lines.clear();
  }

  /** Paragraphs of the usage as one, each sentence on a line of its own. */
  private static String text(String[] lines) {
    String one = String.join(" ", lines).strip().replaceAll("\\s+", " ");
    return Stream.of(one.split("(?<=[.;]) (?=[A-Z'])"))
        .map(ManPage::escaped)
        .collect(Collectors.joining("\n"));
  }

  private static String escaped(String text) {
    String plain = text.replace("\\", "\\e").replace("-", "\\-");
    return plain.startsWith(".") || plain.startsWith("'") ? "\\&" + plain : plain;
  }
}

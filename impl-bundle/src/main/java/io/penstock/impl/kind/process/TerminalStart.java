// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.ProgramRequest;
import io.penstock.channel.TerminalSize;
import io.penstock.error.NotSupportedException;
import io.penstock.impl.kind.support.Options;
import io.penstock.impl.posix.Spawn;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a child gets a session of its own whose terminal is the one that we have made. Where we
 * cannot start children ourselves, Java starts them in its own session; the program {@code setsid}
 * makes the other and keeps the process number. The shell opens the terminal, because Java must
 * not: it would become Java's own where Java leads a session that has none, as in a container.
 *
 * @param columns of the terminal
 * @param rows of the terminal
 */
record TerminalStart(int columns, int rows) {
  static final String PTY = "pty";
  static final String COLUMNS = "columns";
  static final String ROWS = "rows";

  private static final int USUAL_COLUMNS = 80;
  private static final int USUAL_ROWS = 24;
  private static final String SCRIPT = "exec \"$@\" <>\"$0\" >&0 2>&0";

  /** Where the program can: a signal that is ignored stays so in every child. */
  private static final String NOTHING_IGNORED =
      "env --default-signal=HUP true 2>/dev/null"
          + " && set -- env --default-signal=HUP,INT,QUIT,TERM,TSTP,TTIN,TTOU \"$@\"; ";

  private static final List<String> FOLDERS = List.of("/usr/bin", "/bin", "/usr/local/bin");

  /** What the options ask for; null for no terminal. */
  static @Nullable TerminalStart of(ChannelOptions options) {
    TerminalSize asked =
        options
            .program()
            .filter(request -> request.term().isPresent())
            .map(ProgramRequest::size)
            .orElse(null);
    boolean wanted = Options.flag(options, PTY, asked != null);
    for (String key : List.of(COLUMNS, ROWS)) {
      if (!wanted && Options.text(options, key).isPresent()) {
        throw new IllegalArgumentException(
            key + " is the size of a terminal, of which there is none; expected pty=true with it");
      }
    }
    return wanted
        ? new TerminalStart(
            number(options, COLUMNS, usual(asked == null ? 0 : asked.columns(), USUAL_COLUMNS)),
            number(options, ROWS, usual(asked == null ? 0 : asked.rows(), USUAL_ROWS)))
        : null;
  }

  private static int usual(int asked, int fallback) {
    return asked == 0 ? fallback : Math.min(asked, TerminalSize.MAX);
  }

  private static int number(ChannelOptions options, String key, int fallback) {
    String text = Options.text(options, key).orElse(String.valueOf(fallback)).strip();
    int value = text.matches("\\d{1,9}") ? Integer.parseInt(text) : 0;
    if (value < 1 || value > TerminalSize.MAX) {
      throw Options.refused(key, text, "1 to " + TerminalSize.MAX);
    }
    return value;
  }

  /**
   * Changes a command into one that runs on the terminal.
   *
   * @param builder with the command
   * @param terminal of it
   * @throws IOException if it cannot be run, in the words of the JDK
   */
  void wrap(ProcessBuilder builder, Path terminal) throws IOException {
    List<String> command = builder.command();
    check(command.get(0), builder.directory());
    List<String> wrapped =
        new ArrayList<>(
            List.of(
                "/bin/sh",
                "-c",
                Spawn.ignores(Spawn.OF_TERMINALS) ? NOTHING_IGNORED + SCRIPT : SCRIPT,
                terminal.toString(),
                setsid(folders()),
                "-c",
                "--"));
    wrapped.addAll(command);
    builder.command(wrapped);
  }

  /** Where the program is, of these folders. */
  static String setsid(List<String> folders) throws NotSupportedException {
    for (String folder : folders) {
      Path program = Path.of(folder, "setsid");
      if (Files.isExecutable(program)) {
        return program.toString();
      }
    }
    throw new NotSupportedException(
        "pty=true", "a child's own session without the program setsid", "install util-linux");
  }

  private static List<String> folders() {
    List<String> folders = new ArrayList<>();
    String path = System.getenv("PATH");
    Pattern.compile(File.pathSeparator)
        .splitAsStream(path == null ? "" : path)
        .filter(folder -> folder.startsWith("/"))
        .forEach(folders::add);
    folders.addAll(FOLDERS);
    return folders;
  }

  /** What the JDK would find out by itself, were it to start the program and not a shell. */
  private static void check(String program, @Nullable File folder) throws IOException {
    if (folder != null && !folder.isDirectory()) {
      throw new IOException("error=2, no such folder");
    }
    if (program.contains("/")) {
      Path path = folder == null ? Path.of(program) : folder.toPath().resolve(program);
      if (!Files.exists(path)) {
        throw new IOException("error=2, no such file");
      }
      if (Files.isDirectory(path) || !Files.isExecutable(path)) {
        throw new IOException("error=13, permission denied");
      }
      return;
    }
    for (String each : folders()) {
      Path path = Path.of(each, program);
      if (Files.isRegularFile(path) && Files.isExecutable(path)) {
        return;
      }
    }
    throw new IOException("error=2, no such file");
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import io.penstock.spi.Messages;
import java.io.File;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Starts programs by {@code posix_spawn}. The JDK's own start closes descriptors that are not its
 * own when there are too few, and so bytes of one connection have come to another.
 *
 * <p>The program gets what is given to it as its three streams, and no other descriptor. Signals
 * are as after the start of a program by the JDK: none is blocked, those that this process ignores
 * stay ignored. A program with a terminal leads a session, and nothing that a terminal sends is
 * ignored.
 */
public final class Spawn {
  private static final Logger LOG = Messages.log("native");

  private static final String ACTIONS = "posix_spawn_file_actions_";
  private static final String ATTRIBUTES = "posix_spawnattr_";
  private static final List<String> FUNCTIONS =
      List.of(
          "posix_spawnp",
          "waitid",
          "signal",
          "syscall",
          ATTRIBUTES + "init",
          ATTRIBUTES + "destroy",
          ATTRIBUTES + "setflags",
          ATTRIBUTES + "setsigmask",
          ATTRIBUTES + "setsigdefault",
          ACTIONS + "init",
          ACTIONS + "destroy",
          ACTIONS + "adddup2",
          ACTIONS + "addopen",
          ACTIONS + "addchdir_np",
          // The youngest: of glibc 2.34.
          ACTIONS + "addclosefrom_np");

  /** Twice what the largest of the structures takes. */
  private static final int ROOM = 1024;

  private static final int SIGNALS_BYTES = 128;
  private static final int SET_SIGNAL_DEFAULTS = 0x4;
  private static final int SET_SIGNAL_MASK = 0x8;
  private static final int SET_SESSION = 0x80;
  private static final int SIGCHLD = 17;

  /** Bits of signals, by their numbers less one: the JDK has these at their defaults, too. */
  private static final long OF_ALL = 1L << 12 | 1L << (SIGCHLD - 1);

  /** What a terminal sends: HUP, INT, QUIT, TERM, TSTP, TTIN, TTOU. */
  public static final long OF_TERMINALS =
      1L << 0 | 1L << 1 | 1L << 2 | 1L << 14 | 1L << 19 | 1L << 20 | 1L << 21;

  private static final int FIRST_OTHER = 3;

  /** Whether children tell their status; asked once, or by several at a time. */
  private static volatile boolean expecting;

  private final Posix calls;
  private final ByteBuffer memory =
      ByteBuffer.allocateDirect(3 * ROOM).order(ByteOrder.nativeOrder());
  private final long actions;
  private final long attributes;
  private final long result;

  /** Memory that the calls refer to. */
  private final List<ByteBuffer> kept = new ArrayList<>();

  private Spawn(Posix calls) {
    this.calls = calls;
    this.actions = calls.address(memory);
    this.attributes = actions + ROOM;
    this.result = attributes + ROOM;
  }

  /** Whether this system has what it takes. */
  public static boolean isHere(Posix calls) {
    // A child's pipes are opened there.
    return FUNCTIONS.stream().allMatch(calls::has) && Files.isDirectory(Path.of("/proc/self/fd"));
  }

  /** Has children tell their status, as the JDK does when it first starts one. */
  public static void expectChildren(Posix calls) throws IOException {
    if (!expecting) {
      if (ignores(1L << (SIGCHLD - 1))) {
        calls.call("signal", SIGCHLD, 0);
      }
      expecting = true;
    }
  }

  /** Whether this process ignores one of these signals. */
  public static boolean ignores(long signals) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("SigIgn:")) {
        return (Long.parseUnsignedLong(line.substring(7).strip(), 16) & signals) != 0;
      }
    }
    return false;
  }

  /** What the JDK encodes words and variables by. */
  public static Charset charset() {
    String name = Runtime.version().feature() < 18 ? null : System.getProperty("sun.jnu.encoding");
    return name == null || !Charset.isSupported(name)
        ? Charset.defaultCharset()
        : Charset.forName(name);
  }

  /**
   * Starts a program over descriptors.
   *
   * @param program its words, its environment and its folder
   * @param in what it reads
   * @param out what it writes
   * @param errors what it writes to standard error; -1 for ours
   * @return its number; the caller has to wait for it
   * @throws IOException in the words of the JDK: {@code error=}, and the number of the error
   */
  public static int start(Posix calls, ProcessBuilder program, int in, int out, int errors)
      throws IOException {
    List<Integer> copies = new ArrayList<>();
    try {
      int first = beyond(calls, in, copies);
      int second = beyond(calls, out, copies);
      int third = errors < 0 ? errors : beyond(calls, errors, copies);
      return start(
          calls,
          program,
          OF_ALL,
          SET_SIGNAL_DEFAULTS | SET_SIGNAL_MASK,
          spawn -> {
            spawn.copy(first, 0);
            spawn.copy(second, 1);
            if (third >= 0) {
              spawn.copy(third, 2);
            }
          });
    } finally {
      copies.forEach(calls::close);
    }
  }

  /**
   * Starts a program at the head of a session of its own.
   *
   * @param program its words, its environment and its folder
   * @param terminal of the session
   * @return its number; the caller has to wait for it
   * @throws IOException in the words of the JDK
   */
  public static int start(Posix calls, ProcessBuilder program, Path terminal) throws IOException {
    return start(
        calls,
        program,
        OF_ALL | OF_TERMINALS,
        SET_SIGNAL_DEFAULTS | SET_SIGNAL_MASK | SET_SESSION,
        spawn -> {
          check(
              calls.call(
                  ACTIONS + "addopen", spawn.actions, 0, spawn.text(terminal), Linux.O_RDWR, 0));
          spawn.copy(0, 1);
          spawn.copy(0, 2);
        });
  }

  /** A number that none of the three streams has: it would be overwritten in the child. */
  private static int beyond(Posix calls, int fd, List<Integer> copies) throws IOException {
    if (fd >= FIRST_OTHER) {
      return fd;
    }
    int copy = Linux.check("fcntl", calls.fcntl(fd, Linux.F_DUPFD_CLOEXEC, FIRST_OTHER));
    copies.add(copy);
    return copy;
  }

  /** Says which descriptors the program gets. */
  @FunctionalInterface
  private interface Streams {
    void add(Spawn spawn) throws IOException;
  }

  private static int start(
      Posix calls, ProcessBuilder program, long defaults, int flags, Streams streams)
      throws IOException {
    Spawn spawn = new Spawn(calls);
    try {
      check(calls.call(ACTIONS + "init", spawn.actions));
      try {
        check(calls.call(ATTRIBUTES + "init", spawn.attributes));
        try {
          spawn.signals(defaults, flags);
          streams.add(spawn);
          return spawn.start(program);
        } finally {
          calls.call(ATTRIBUTES + "destroy", spawn.attributes);
        }
      } finally {
        calls.call(ACTIONS + "destroy", spawn.actions);
      }
    } finally {
      Reference.reachabilityFence(spawn.memory);
      Reference.reachabilityFence(spawn.kept);
    }
  }

  private void signals(long defaults, int flags) throws IOException {
    ByteBuffer set = keep(ByteBuffer.allocateDirect(SIGNALS_BYTES).order(ByteOrder.nativeOrder()));
    check(calls.call(ATTRIBUTES + "setsigmask", attributes, calls.address(set)));
    // Copied by the call before.
    set.putLong(0, defaults);
    check(calls.call(ATTRIBUTES + "setsigdefault", attributes, calls.address(set)));
    check(calls.call(ATTRIBUTES + "setflags", attributes, flags));
  }

  private void copy(int from, int to) throws IOException {
    check(calls.call(ACTIONS + "adddup2", actions, from, to));
  }

  private int start(ProcessBuilder program) throws IOException {
    List<String> command = program.command();
    for (String word : command) {
      refuseNul(word);
    }
    File folder = program.directory();
    if (folder != null) {
      refuseNul(folder.getPath());
      check(calls.call(ACTIONS + "addchdir_np", actions, text(folder.getPath())));
    }
    check(calls.call(ACTIONS + "addclosefrom_np", actions, FIRST_OTHER));
    List<byte[]> variables = new ArrayList<>();
    program.environment().forEach((name, value) -> variables.add(Given.bytes(name + "=" + value)));
    long environment = texts(variables);
    int error = start(command, environment);
    if (error == Linux.ENOEXEC) {
      // A script that names no interpreter: the shell runs it, as for the JDK.
      List<String> script = new ArrayList<>(List.of("/bin/sh", found(command.get(0))));
      script.addAll(command.subList(1, command.size()));
      error = start(script, environment);
    }
    check(error);
    return memory.getInt(2 * ROOM);
  }

  private int start(List<String> command, long environment) {
    List<byte[]> words = command.stream().map(word -> word.getBytes(charset())).toList();
    long arguments = texts(words);
    return calls.call(
        "posix_spawnp", result, text(command.get(0)), actions, attributes, arguments, environment);
  }

  private static void refuseNul(String text) throws IOException {
    if (text.indexOf(0) >= 0) {
      throw new IOException("a NUL character is in its command or its folder");
    }
  }

  /** Where the system has found a program. */
  private static String found(String program) {
    String path = System.getenv("PATH");
    return program.contains("/") || path == null
        ? program
        : Pattern.compile(File.pathSeparator)
            .splitAsStream(path)
            .map(folder -> new File(folder, program))
            .filter(file -> file.isFile() && file.canExecute())
            .map(File::getPath)
            .findFirst()
            .orElse(program);
  }

  /** These functions answer with the number of the error. */
  private static void check(int error) throws IOException {
    if (error != 0) {
      throw new IOException("error=" + error + ", " + Linux.message(error));
    }
  }

  // ---- memory

  private ByteBuffer keep(ByteBuffer direct) {
    kept.add(direct);
    return direct;
  }

  private long text(Object text) {
    byte[] bytes = text.toString().getBytes(charset());
    return calls.address(keep(ByteBuffer.allocateDirect(bytes.length + 1).put(bytes)));
  }

  /** Strings, and the addresses of each, up to a null pointer. */
  private long texts(List<byte[]> all) {
    int pointers = (all.size() + 1) * Long.BYTES;
    int size = pointers;
    for (byte[] each : all) {
      size = Math.addExact(size, each.length + 1);
    }
    ByteBuffer block = keep(ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder()));
    long address = calls.address(block);
    int at = pointers;
    for (int i = 0; i < all.size(); i++) {
      block.putLong(i * Long.BYTES, address + at);
      block.put(at, all.get(i));
      at += all.get(i).length + 1;
    }
    return address;
  }

  /**
   * The variables that this process was given and whose bytes are no text: Java shows them with
   * other characters in their place, and a child gets them as they are.
   */
  private static final class Given {
    private static final Map<String, byte[]> ODD = odd();

    private Given() {}

    static byte[] bytes(String variable) {
      byte[] given = ODD.get(variable);
      return given == null ? variable.getBytes(charset()) : given;
    }

    private static Map<String, byte[]> odd() {
      Map<String, byte[]> all = new HashMap<>();
      byte[] block;
      try {
        block = Files.readAllBytes(Path.of("/proc/self/environ"));
      } catch (IOException e) {
        LOG.log(Level.WARNING, "variables that are no text do not reach children", e);
        return all;
      }
      int from = 0;
      for (int i = 0; i < block.length; i++) {
        if (block[i] == 0) {
          byte[] given = Arrays.copyOfRange(block, from, i);
          String shown = new String(given, charset());
          if (!Arrays.equals(given, shown.getBytes(charset()))) {
            all.put(shown, given);
          }
          from = i + 1;
        }
      }
      return all;
    }
  }
}

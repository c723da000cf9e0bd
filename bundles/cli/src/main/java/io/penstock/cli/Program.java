// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import io.penstock.channel.ChannelFactory;
import io.penstock.relay.RelayFactory;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The command line without a framework, for what needs none: a framework takes two thirds of the
 * time to start. {@link #close} may be called by any thread.
 */
public final class Program implements AutoCloseable {
  /** Set by the script, before the virtual machine opens descriptors of its own. */
  private static final String INHERITED = "penstock.inherited";

  /** Set by the launcher: the schemes of bundles that it has not installed. */
  private static final String FURTHER = "penstock.further";

  private static final int FAILURE = 1;

  private final Tool tool;

  /**
   * Makes one that knows no version, and cannot stay as a container.
   *
   * @param channels tells which schemes there are
   * @param relays makes the relay
   */
  public Program(ChannelFactory channels, RelayFactory relays) {
    this.tool = new Tool(surroundings("", "none", options -> FAILURE), channels, relays);
  }

  static Tool.Surroundings surroundings(
      String version, String framework, Function<Map<String, String>, Integer> container) {
    // System.out is not standard output here: the launcher keeps that for the bytes of a relay.
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, Charset.defaultCharset());
    return new Tool.Surroundings(
        version,
        framework,
        out,
        System.err,
        StandardStream.isTerminal(StandardStream.ERR),
        StandardStream.isTerminal(StandardStream.OUT),
        ControlPath.here(),
        further(System.getProperty(FURTHER, "")),
        inherited(System.getProperty(INHERITED)),
        Program::isVirtualMachineEnding,
        container);
  }

  private static Set<String> further(String text) {
    return text.isEmpty() ? Set.of() : Set.of(text.split(",", -1));
  }

  /** The numbers in a text, separated by commas. */
  static @Nullable SortedSet<Integer> inherited(@Nullable String text) {
    if (text == null) {
      return null;
    }
    SortedSet<Integer> numbers = new TreeSet<>();
    for (String number : text.split(",", -1)) {
      if (!number.isEmpty()) {
        numbers.add(Integer.valueOf(number));
      }
    }
    return numbers;
  }

  /**
   * Whether a signal has begun to end the virtual machine. It reaches the children of a relay as
   * well, and what they do about it is seen before the framework has come to stop this component.
   */
  private static boolean isVirtualMachineEnding() {
    Thread hook = new Thread(() -> {}, "penstock-probe");
    try {
      Runtime.getRuntime().addShutdownHook(hook);
      Runtime.getRuntime().removeShutdownHook(hook);
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }

  /**
   * Runs one command line. Waits until it is done.
   *
   * @param arguments of the command line
   * @return the exit status
   */
  public int run(String... arguments) {
    return tool.run(arguments);
  }

  /** Ends a relay in progress; nothing is reported any more. */
  @Override
  public void close() {
    tool.stop();
  }
}

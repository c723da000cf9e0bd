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
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * The program that the launcher calls on the main thread. The references are mandatory, so that a
 * container without the implementation has no such service, and the launcher says what is missing.
 */
@Component(service = Callable.class, property = "penstock.main:Boolean=true")
public final class CommandLineComponent implements Callable<Integer> {
  /** Set by the script, before the virtual machine opens descriptors of its own. */
  private static final String INHERITED = "penstock.inherited";

  /** Set by the launcher: the schemes of bundles that it has not installed. */
  private static final String FURTHER = "penstock.further";

  private final Supplier<String[]> arguments;
  private final Tool tool;

  /**
   * Activates the component.
   *
   * @param context tells the versions
   * @param arguments gives the command line's arguments
   * @param container keeps the container running and returns the exit status
   * @param channels tells which schemes there are
   * @param relays makes the relay
   */
  @Activate
  public CommandLineComponent(
      BundleContext context,
      @Reference(target = "(penstock.arguments=true)") Supplier<String[]> arguments,
      @Reference(target = "(penstock.container=true)")
          Function<Map<String, String>, Integer> container,
      @Reference ChannelFactory channels,
      @Reference RelayFactory relays) {
    this.arguments = arguments;
    // System.out is not standard output here: the launcher keeps that for the bytes of a relay.
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, Charset.defaultCharset());
    String framework =
        context.getProperty(Constants.FRAMEWORK_VENDOR)
            + " "
            + context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).getVersion();
    this.tool =
        new Tool(
            new Tool.Surroundings(
                context.getBundle().getVersion().toString(),
                framework,
                out,
                System.err,
                StandardStream.isTerminal(StandardStream.ERR),
                StandardStream.isTerminal(StandardStream.OUT),
                ControlPath.here(),
                further(System.getProperty(FURTHER, "")),
                inherited(System.getProperty(INHERITED)),
                CommandLineComponent::isVirtualMachineEnding,
                container),
            channels,
            relays);
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

  @Override
  public Integer call() {
    return tool.run(arguments.get());
  }

  /** Ends a relay in progress; nothing is reported any more. */
  @Deactivate
  void deactivate() {
    tool.stop();
  }
}

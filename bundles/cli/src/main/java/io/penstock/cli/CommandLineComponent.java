// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import io.penstock.channel.ChannelFactory;
import io.penstock.relay.RelayFactory;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
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
    String framework =
        context.getProperty(Constants.FRAMEWORK_VENDOR)
            + " "
            + context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).getVersion();
    String version = context.getBundle().getVersion().toString();
    this.tool = new Tool(Program.surroundings(version, framework, container), channels, relays);
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

// SPDX-License-Identifier: Apache-2.0
package io.penstock.karaf.commands;

import io.penstock.channel.ChannelFactory;
import io.penstock.operator.OperatorCommands;
import io.penstock.relay.RelayFactory;
import io.penstock.runtime.PenstockControl;
import io.penstock.runtime.PenstockRuntime;
import java.util.List;
import org.apache.karaf.shell.api.console.Registry;
import org.apache.karaf.shell.api.console.SessionFactory;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/** Gives Karaf's shell the commands for as long as what they need is there. */
@Component(service = {})
public final class KarafCommands {
  private final Registry registry;
  private final OperatorCommands commands;
  private final List<KarafCommand> registered;

  /**
   * Registers the commands.
   *
   * @param context tells the version
   * @param shell gets the commands
   * @param runtime tells what there is
   * @param control does what a command asks for
   * @param channels tells which schemes there are
   * @param relays makes relays, which end with this bundle
   */
  @Activate
  public KarafCommands(
      BundleContext context,
      @Reference SessionFactory shell,
      @Reference PenstockRuntime runtime,
      @Reference PenstockControl control,
      @Reference ChannelFactory channels,
      @Reference RelayFactory relays) {
    String version = context.getBundle().getVersion().toString();
    commands = new OperatorCommands(runtime, control, channels, relays, version);
    registry = shell.getRegistry();
    // Karaf has a command "help" for all commands.
    registered =
        OperatorCommands.names().stream()
            .filter(name -> !name.equals("help"))
            .map(name -> new KarafCommand(name, commands))
            .toList();
    registered.forEach(registry::register);
  }

  /** Takes the commands away, and ends those that go on: their threads would keep this bundle. */
  @Deactivate
  public void stop() {
    registered.forEach(registry::unregister);
    commands.close();
  }
}

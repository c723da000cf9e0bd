// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator.component;

import io.penstock.channel.ChannelFactory;
import io.penstock.operator.OperatorCommands;
import io.penstock.relay.RelayFactory;
import io.penstock.runtime.PenstockControl;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/**
 * Takes commands at a Unix socket, for {@code penstock ctl}. Off unless the configuration, or the
 * framework property {@code io.penstock.control.socket}, names a socket.
 */
@Component(
    name = ControlSocketComponent.PID,
    service = {},
    immediate = true,
    configurationPid = ControlSocketComponent.PID)
@Designate(ocd = ControlSocketComponent.Config.class)
public final class ControlSocketComponent {
  static final String PID = "io.penstock.Control";

  /** Set by the launcher: the path that the command line has given, or its default. */
  static final String GIVEN = "io.penstock.control.socket";

  private static final Logger LOG = Messages.log("operator");

  /** The keys. */
  @ObjectClassDefinition(
      name = "Penstock: control socket",
      description =
          "A Unix socket at which the user of the container, and root, send operators' commands"
              + " with 'penstock ctl'.")
  @interface Config {
    /** Path. */
    @AttributeDefinition(
        required = false,
        name = "Socket",
        description =
            "Where commands are taken. A path, of a socket file that is made with the permissions"
                + " 0600 and goes with the component. Default: what the framework property"
                + " io.penstock.control.socket names, or else none.")
    String socket() default "";
  }

  private final @Nullable ControlSocket socket;

  /**
   * Begins to listen, if there is a path. A path that cannot be used is told in the log.
   *
   * @param context tells the version and the property
   * @param config has the path
   * @param runtime tells what there is
   * @param control does what a command asks for
   * @param channels binds the socket
   * @param relays makes relays, which end with this bundle
   */
  @Activate
  public ControlSocketComponent(
      BundleContext context,
      Config config,
      @Reference PenstockRuntime runtime,
      @Reference PenstockControl control,
      @Reference ChannelFactory channels,
      @Reference RelayFactory relays) {
    String configured = config.socket().strip();
    String given = context.getProperty(GIVEN);
    String path = configured.isEmpty() && given != null ? given : configured;
    this.socket =
        path.isEmpty()
            ? null
            : open(
                channels,
                file ->
                    commands(
                        runtime,
                        control,
                        channels,
                        relays,
                        context.getBundle().getVersion().toString(),
                        file),
                path);
    if (socket != null && configured.isEmpty()) {
      // As the command line tells where it listens, whatever level its log has.
      System.err.println("control " + Messages.visible(path));
    }
  }

  /** The commands of a socket, which do nothing to that socket itself. */
  static OperatorCommands commands(
      PenstockRuntime runtime,
      PenstockControl control,
      ChannelFactory channels,
      RelayFactory relays,
      String version,
      Path socket) {
    PenstockControl guarded = new ControlGuard(runtime, control, ControlSocket.endpoint(socket));
    return new OperatorCommands(runtime, guarded, channels, relays, version);
  }

  private static @Nullable ControlSocket open(
      ChannelFactory channels, Function<Path, OperatorCommands> commands, String path) {
    try {
      Path file = Path.of(path);
      ControlSocket opened = new ControlSocket(channels, commands.apply(file), file);
      LOG.log(Level.INFO, "commands are taken at {0}", path);
      return opened;
    } catch (IOException | IllegalArgumentException e) {
      // What the container is for goes on without its socket.
      LOG.log(Level.ERROR, "no commands are taken: {0}", e.getMessage());
      return null;
    }
  }

  /** Listens no longer. */
  @Deactivate
  void deactivate() {
    if (socket != null) {
      socket.close();
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.kind.BuiltIn;
import io.penstock.spi.ChannelProvider;
import java.util.List;
import java.util.Map;
import org.osgi.annotation.bundle.Capability;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/** Registers each built-in kind as a service, in the same way as other bundles register theirs. */
@Component(
    name = "io.penstock.kinds",
    service = {},
    immediate = true)
@Capability(
    namespace = "osgi.service",
    attribute = "objectClass:List<String>=\"io.penstock.spi.ChannelProvider\"",
    uses = ChannelProvider.class)
public final class BuiltInComponent {
  private final List<Runnable> withdrawals;

  /**
   * Registers the services.
   *
   * @param engine knows the named pipes, and makes native calls
   */
  @Activate
  public BuiltInComponent(@Reference EngineComponent engine) {
    this.withdrawals =
        BuiltIn.providers(engine.pipes()::open, engine.contents(), engine.posix()).stream()
            .map(provider -> register(engine.services(), provider))
            .toList();
  }

  private static Runnable register(Registrar services, ChannelProvider provider) {
    String[] schemes = provider.schemes().stream().sorted().toArray(String[]::new);
    // One scheme is a text, as a component's property is.
    Object property = schemes.length == 1 ? schemes[0] : schemes;
    return services.register(
        ChannelProvider.class, provider, Map.of(ChannelProvider.SCHEME, property));
  }

  /** Withdraws the services. */
  @Deactivate
  void deactivate() {
    withdrawals.forEach(Runnable::run);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.ChannelFactory;
import java.lang.System.Logger.Level;
import java.util.Map;
import org.osgi.annotation.bundle.Capability;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceFactory;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * Each bundle's own factory of channels and listeners. It is registered by hand, because a
 * component cannot change a property of its service: {@link ChannelFactory#NATIVE} is found out at
 * the first need.
 */
@Component(
    name = "io.penstock.ChannelFactory",
    service = {},
    immediate = true)
@Capability(
    namespace = "osgi.service",
    attribute = "objectClass:List<String>=\"io.penstock.channel.ChannelFactory\"",
    uses = ChannelFactory.class)
public final class ChannelFactoryComponent {
  private final ServiceRegistration<ChannelFactory> registration;

  /** What is made belongs to the bundle that uses the service. */
  private static final class Factories implements ServiceFactory<ChannelFactory> {
    private final EngineComponent engine;
    private final ProvidersComponent providers;

    Factories(EngineComponent engine, ProvidersComponent providers) {
      this.engine = engine;
      this.providers = providers;
    }

    @Override
    public ChannelFactory getService(
        Bundle user, ServiceRegistration<ChannelFactory> registration) {
      return providers.channels(engine.scope(user));
    }

    @Override
    public void ungetService(
        Bundle user, ServiceRegistration<ChannelFactory> registration, ChannelFactory channels) {
      // What was made is closed when its bundle stops, not when it lets the factory go.
    }
  }

  /**
   * Registers the service.
   *
   * @param context of this bundle
   * @param engine lends threads
   * @param providers know the kinds
   */
  @Activate
  public ChannelFactoryComponent(
      BundleContext context,
      @Reference EngineComponent engine,
      @Reference ProvidersComponent providers) {
    this.registration =
        context.registerService(
            ChannelFactory.class,
            new Factories(engine, providers),
            FrameworkUtil.asDictionary(Map.of(ChannelFactory.NATIVE, engine.posix().wish())));
    // On a thread of ours: the caller that needs a call first must not wait for service listeners.
    engine.posix().known().thenAcceptAsync(mode -> tell(mode.toString()), engine.engine());
  }

  private void tell(String mode) {
    try {
      registration.setProperties(FrameworkUtil.asDictionary(Map.of(ChannelFactory.NATIVE, mode)));
    } catch (IllegalStateException e) {
      Configured.LOG.log(Level.DEBUG, "the bundle has stopped before it said {0}", mode);
    }
  }

  /** Withdraws the service. */
  @Deactivate
  void deactivate() {
    registration.unregister();
  }
}

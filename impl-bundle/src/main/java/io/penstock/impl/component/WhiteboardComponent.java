// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.component.config.ServeSettings;
import io.penstock.impl.runtime.Census;
import io.penstock.poller.ChannelHandler;
import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.serve.ByteHandler;
import io.penstock.serve.LineHandler;
import java.util.List;
import java.util.stream.Stream;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.util.tracker.ServiceTracker;

/** Serves each handler that is registered with an address, and tells of all of them. */
@Component(name = "io.penstock.whiteboard", service = PenstockRuntime.class, immediate = true)
public final class WhiteboardComponent implements PenstockRuntime {
  private static final List<Class<?>> TYPES =
      List.of(LineHandler.class, ByteHandler.class, ChannelHandler.class);

  private final Whiteboard whiteboard;
  private final Census census;
  private final ServiceTracker<Object, Whiteboard.Entry> tracker;

  /**
   * Serves those that are there, too.
   *
   * @param context of this bundle
   * @param engine lends threads
   * @param providers know the kinds
   */
  @Activate
  public WhiteboardComponent(
      BundleContext context,
      @Reference EngineComponent engine,
      @Reference ProvidersComponent providers) {
    this.whiteboard = new Whiteboard(context, engine, providers);
    Stream<String> types = TYPES.stream().map(type -> "(objectClass=" + type.getName() + ")");
    Stream<String> addresses = ServeSettings.ADDRESSES.stream().map(key -> "(" + key + "=*)");
    String filter = "(&" + anyOf(types) + anyOf(addresses) + ")";
    try {
      this.tracker = new ServiceTracker<>(context, FrameworkUtil.createFilter(filter), whiteboard);
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(filter, e);
    }
    this.census = engine.census();
    census.serves(whiteboard::served);
    tracker.open();
  }

  private static String anyOf(Stream<String> filters) {
    return "(|" + String.join("", filters.toList()) + ")";
  }

  @Override
  public RuntimeDTO runtime() {
    return census.runtime();
  }

  /** Serves nobody any more. */
  @Deactivate
  void deactivate() {
    census.serves(() -> Census.Served.NOTHING);
    tracker.close();
  }
}

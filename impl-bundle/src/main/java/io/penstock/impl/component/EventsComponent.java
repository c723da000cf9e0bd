// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.impl.engine.Events;
import io.penstock.runtime.PenstockListener;
import io.penstock.stream.Watch;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;

/** Tells each {@link PenstockListener} that is registered. */
@Component(
    name = "io.penstock.events",
    service = {},
    immediate = true)
public final class EventsComponent {
  private final ServiceTracker<PenstockListener, Watch> tracker;

  /**
   * Tells those that are there, too.
   *
   * @param context of this bundle
   * @param engine knows what happens
   */
  @Activate
  public EventsComponent(BundleContext context, @Reference EngineComponent engine) {
    Events events = engine.engine().events();
    this.tracker =
        new ServiceTracker<>(
            context,
            PenstockListener.class,
            new ServiceTrackerCustomizer<>() {
              @Override
              public @Nullable Watch addingService(ServiceReference<PenstockListener> reference) {
                PenstockListener listener = context.getService(reference);
                return listener == null ? null : events.add(listener);
              }

              @Override
              public void modifiedService(
                  ServiceReference<PenstockListener> reference, Watch watch) {}

              @Override
              public void removedService(
                  ServiceReference<PenstockListener> reference, Watch watch) {
                watch.close();
                context.ungetService(reference);
              }
            });
    tracker.open();
  }

  /** Tells nobody any more. */
  @Deactivate
  void deactivate() {
    tracker.close();
  }
}

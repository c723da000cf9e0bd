// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.cost;

import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;

/**
 * Prints how many milliseconds it took from the start of the JVM to the first byte out of a pipe,
 * and ends the JVM.
 */
public final class FirstByte
    implements BundleActivator, ServiceTrackerCustomizer<PipeFactory, PipeFactory> {
  private BundleContext context;

  @Override
  public void start(BundleContext starting) {
    context = starting;
    new ServiceTracker<>(context, PipeFactory.class, this).open();
  }

  @Override
  public PipeFactory addingService(ServiceReference<PipeFactory> reference) {
    move(context.getService(reference));
    return null;
  }

  @Override
  public void modifiedService(ServiceReference<PipeFactory> reference, PipeFactory pipes) {
    // The JVM has ended.
  }

  @Override
  public void removedService(ServiceReference<PipeFactory> reference, PipeFactory pipes) {
    // The JVM has ended.
  }

  private static void move(PipeFactory pipes) {
    try (Pipe pipe = pipes.create(PipeOptions.defaults())) {
      pipe.sink().writeFully("a", Wait.none());
      pipe.source().read(ByteBuffer.allocate(1), Wait.none());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    long started = ManagementFactory.getRuntimeMXBean().getStartTime();
    System.out.println("cost: " + (System.currentTimeMillis() - started));
    Runtime.getRuntime().halt(0);
  }

  @Override
  public void stop(BundleContext context) {
    // Nothing is left.
  }
}

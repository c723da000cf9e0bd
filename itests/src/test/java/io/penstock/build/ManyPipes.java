// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;

/**
 * The activator of a bundle with a thousand pipes. Its {@link Runnable} has a byte go through each
 * and leaves another one in it, so that JDK types are all that it shares with the tests.
 */
public final class ManyPipes implements BundleActivator {
  static final int COUNT = 1000;

  private final List<Pipe> pipes = new ArrayList<>();

  @Override
  public void start(BundleContext context) {
    PipeFactory factory = context.getService(context.getServiceReference(PipeFactory.class));
    for (int i = 0; i < COUNT; i++) {
      pipes.add(factory.create(PipeOptions.defaults().withName("many-" + i)));
    }
    context.registerService(Runnable.class, this::move, null);
  }

  private void move() {
    try {
      for (Pipe pipe : pipes) {
        pipe.sink().write(ByteBuffer.wrap(new byte[2]), Wait.none());
        pipe.source().read(ByteBuffer.allocate(1), Wait.none());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void stop(BundleContext context) throws IOException {
    for (Pipe pipe : pipes) {
      pipe.close();
    }
  }
}

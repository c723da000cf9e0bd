// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayFactory;
import io.penstock.relay.RelayOptions;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Hashtable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;

/**
 * The activator of a bundle that makes one of everything through the factories, has a thread wait
 * for each and forgets to close them. What the threads meet is in {@link Future} services.
 */
public final class FactoryUser implements BundleActivator {

  @Override
  public void start(BundleContext context) throws IOException {
    Pipe pipe =
        service(context, PipeFactory.class).create(PipeOptions.defaults().withName("made-pipe"));
    wait(context, "pipe", () -> pipe.source().read(ByteBuffer.allocate(1)));

    ChannelFactory channels = service(context, ChannelFactory.class);
    ChannelOptions options = ChannelOptions.defaults();
    Channel channel = channels.connect(Endpoint.parse("echo:"), options);
    wait(context, "channel", () -> channel.source().read(ByteBuffer.allocate(1)));

    Listener listener = channels.listen(Endpoint.parse("tcp-listen://127.0.0.1:0"), options);
    wait(context, "listener", () -> listener.accept(Wait.forever()));

    Relay relay =
        service(context, RelayFactory.class)
            .create(
                Endpoint.parse("tcp-listen://127.0.0.1:0"),
                Endpoint.parse("echo:"),
                RelayOptions.defaults());
    Listener bound = relay.listeners().get(0);
    wait(context, "relay", () -> bound.accept(Wait.forever()));
  }

  @Override
  public void stop(BundleContext context) {
    // Forgets everything, as careless bundles do.
  }

  private static void wait(BundleContext context, String made, Work work) {
    CompletableFuture<Void> future = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
                future.complete(null);
              } catch (IOException problem) {
                future.completeExceptionally(problem);
              }
            },
            "test-waits-for-" + made);
    thread.setDaemon(true);
    thread.start();
    Hashtable<String, Object> properties = new Hashtable<>();
    properties.put("test.made", made);
    context.registerService(Future.class, future, properties);
  }

  private static <T> T service(BundleContext context, Class<T> type) {
    return context.getService(context.getServiceReference(type));
  }

  /** What a thread does. */
  @FunctionalInterface
  interface Work {
    void run() throws IOException;
  }
}

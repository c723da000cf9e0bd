// SPDX-License-Identifier: Apache-2.0
package io.penstock.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.felix.gogo.runtime.CommandProcessorImpl;
import org.apache.felix.gogo.runtime.threadio.ThreadIOImpl;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;

class ShellComponentTest {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  /** Services of ours that are there. */
  private final List<Object> registered = new ArrayList<>();

  private final BundleContext context =
      (BundleContext)
          Proxy.newProxyInstance(
              ShellComponentTest.class.getClassLoader(),
              new Class<?>[] {BundleContext.class},
              (proxy, method, args) ->
                  switch (method.getName()) {
                    case "getProperty" -> System.getProperty((String) args[0]);
                    case "getBundle" -> system();
                    case "registerService" -> registration(args[1]);
                    default -> null;
                  });

  private Object system() {
    return Proxy.newProxyInstance(
        ShellComponentTest.class.getClassLoader(),
        new Class<?>[] {Bundle.class},
        (proxy, method, args) -> method.getName().equals("getBundleContext") ? context : null);
  }

  private Object registration(Object service) {
    registered.add(service);
    return Proxy.newProxyInstance(
        ShellComponentTest.class.getClassLoader(),
        new Class<?>[] {ServiceRegistration.class},
        (proxy, method, args) -> {
          if (method.getName().equals("unregister")) {
            registered.remove(service);
          }
          return null;
        });
  }

  @Test
  void peersThatDoNotLogInGetNoShell() throws Exception {
    try (Penstock penstock = Penstock.open();
        Listener listener =
            penstock
                .channels()
                .listen(Endpoint.parse("mem-listen:shell"), ChannelOptions.defaults())) {
      ShellComponent component =
          new ShellComponent(context, listener, new CommandProcessorImpl(new ThreadIOImpl()));
      for (int again = 0; again < 2; again++) {
        try (Channel peer =
            penstock
                .channels()
                .open(Endpoint.parse("mem:shell"), ChannelOptions.defaults(), SOON)) {
          assertThrows(IOException.class, () -> peer.source().readAll(99, SOON));
        }
      }
      assertEquals(
          6, registered.size(), "exit, the commands of the shell's bundle, and its converters");
      component.deactivate();
      assertEquals(List.of(), registered);
      assertTrue(listener.isOpen(), "it is somebody else's");
    }
  }
}
